"""The points of an annotation as graphics of a report, and back (PS3.3 C.18.6, C.18.9).

A report knows points, lines, polygons, circles on one image, ellipses by the ends of their axes,
the longer first. Graphic data are float32: that is how exactly a report holds a place.
In a report as here (0, 0) is the outer top-left corner of an image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer_py.measure.annotation import Annotation, AnnotationKind, Point3

Floats = NDArray[np.float64]
_LINES = frozenset({AnnotationKind.LENGTH, AnnotationKind.ANGLE, AnnotationKind.ARROW})
_PLACES = frozenset({AnnotationKind.CARDIOTHORACIC, AnnotationKind.TEXT})
FEWEST_CORNERS = 3


@dataclass(frozen=True)
class Graphic:
    """One SCOORD or SCOORD3D: its Graphic Type and points, (n, 2) or (n, 3)."""

    kind: str
    points: Floats


def graphics_of(annotation: Annotation, pixel_shape: float = 1.0) -> tuple[Graphic, ...]:
    """Return the graphics of an annotation; `pixel_shape` is the height of a pixel by its width.

    On an image with pixels that are not square a circle is written as the ellipse that it is there.
    """
    solid = annotation.in_patient
    points = np.array(annotation.points, dtype=np.float64)[:, : 3 if solid else 2]
    kind = annotation.kind
    if kind is AnnotationKind.PROBE:
        return (Graphic("POINT", points),)
    if kind is AnnotationKind.COBB:
        return Graphic("POLYLINE", points[:2]), Graphic("POLYLINE", points[2:])
    if kind in _PLACES:
        return (Graphic("MULTIPOINT", points),)
    if kind is AnnotationKind.ELLIPSE:
        return (Graphic("ELLIPSE", _longer_first(points)),)
    if kind is AnnotationKind.CIRCLE:
        return (_circle(annotation, points, pixel_shape),)
    closed = kind is AnnotationKind.RECTANGLE or annotation.closed
    if kind in _LINES or not closed or len(points) < FEWEST_CORNERS:
        return (Graphic("POLYLINE", points),)
    return (Graphic("POLYGON" if solid else "POLYLINE", np.concatenate((points, points[:1]))),)


def points_of(kind: AnnotationKind, graphics: Sequence[Graphic]) -> tuple[Point3, ...]:
    """Return the points of an annotation of this kind; () where the graphics are of another."""
    expected = 2 if kind is AnnotationKind.COBB else 1
    if len(graphics) < expected:
        return ()
    points = np.concatenate([one.points for one in graphics[:expected]])
    if kind is AnnotationKind.CIRCLE and graphics[0].kind == "ELLIPSE":
        points = np.array([points[:2].mean(axis=0), points[0]])
    elif is_closed(graphics[0]) and kind in (AnnotationKind.RECTANGLE, AnnotationKind.FREEHAND):
        points = points[:-1]
    if points.shape[1] < 3:
        points = np.pad(points, ((0, 0), (0, 1)))
    return tuple((float(x), float(y), float(z)) for x, y, z in points)


def is_closed(graphic: Graphic) -> bool:
    """Tell whether a line comes back to its first point."""
    points = graphic.points
    return (
        graphic.kind in ("POLYGON", "POLYLINE")
        and len(points) > FEWEST_CORNERS
        and bool((points[0] == points[-1]).all())
    )


def likely_kind(graphics: Sequence[Graphic]) -> tuple[AnnotationKind, bool] | None:
    """Return what other people's graphics are to us, and whether closed; None for nothing known."""
    if len(graphics) == 2 and all(one.kind == "POLYLINE" for one in graphics):
        return AnnotationKind.COBB, False
    if len(graphics) != 1:
        return None
    graphic, count = graphics[0], len(graphics[0].points)
    if graphic.kind in ("POINT", "ELLIPSE", "CIRCLE"):
        return AnnotationKind({"POINT": "probe"}.get(graphic.kind, graphic.kind.lower())), False
    if graphic.kind not in ("POLYLINE", "POLYGON") or count < 2:
        return None
    if is_closed(graphic):
        return AnnotationKind.FREEHAND, True
    if count == 2:
        return AnnotationKind.LENGTH, False
    return (AnnotationKind.ANGLE if count == 3 else AnnotationKind.FREEHAND), False


def _longer_first(points: Floats) -> Floats:
    lengths = [float(np.linalg.norm(points[1 + at] - points[at])) for at in (0, 2)]
    return points if lengths[0] >= lengths[1] else points[[2, 3, 0, 1]]


def _circle(annotation: Annotation, points: Floats, pixel_shape: float) -> Graphic:
    centre, out = points[0], points[1] - points[0]
    if annotation.in_patient:
        across = np.cross(np.array(annotation.normal), out)
    elif pixel_shape == 1.0:
        return Graphic("CIRCLE", points)
    else:
        radius = float(np.hypot(out[0], out[1] * pixel_shape))
        out, across = np.array([radius, 0.0]), np.array([0.0, radius / pixel_shape])
    ends = np.array([centre + out, centre - out, centre + across, centre - across])
    return Graphic("ELLIPSE", _longer_first(ends))
