"""Where the picture of a pane lies in the patient, and the way from there to the screen.

All points are LPS in mm.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from viewer_py.dicom.geometry import cross, dot
from viewer_py.dicom.image_plane import ImagePlane, rectangle
from viewer_py.dicom.manifest import SeriesManifest, Vector3
from viewer_py.view.fit import image_matrix
from viewer_py.view.layout import Area, areas, pane_size
from viewer_py.view.plane_view import plane_view
from viewer_py.view.planes import extent, minus, plus
from viewer_py.view.state import PaneKind, ViewerState

LEAST_ANGLE = math.sin(math.radians(1.0))  # sine of the angle from which planes cut each other
Matrix = tuple[float, float, float, float, float, float]
Ends = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class ShownPlane:
    """An image plane as it lies in its pane; `matrix` takes image coordinates to device pixels."""

    plane: ImagePlane
    matrix: Matrix
    area: Area

    def to_screen(self, point: Vector3) -> tuple[float, float]:
        """Return device pixels of the canvas."""
        a, b, c, d, e, f = self.matrix
        u, v = self.plane.coordinates(point)
        return a * u + c * v + e, b * u + d * v + f

    def to_patient(self, x: float, y: float) -> Vector3:
        """Return the point under device pixel coordinates."""
        a, b, c, d, e, f = self.matrix
        share = a * d - b * c
        u = (d * (x - e) - c * (y - f)) / share
        v = (a * (y - f) - b * (x - e)) / share
        return self.plane.point(u, v)


def plane_of_image(series: SeriesManifest, frame_index: int) -> ImagePlane | None:
    """Return where an image of a series lies."""
    return series.planes[frame_index]


def shown_plane(state: ViewerState, index: int) -> ShownPlane | None:
    """Return the plane of the picture in pane `index`, a stored image or a reformatted plane."""
    area = areas(state).get(index)
    if area is None:
        return None
    kind = state.panes[index].kind
    if kind is PaneKind.STACK:
        return _of_image(state, index, area)
    return _of_reformat(state, index, area) if kind is PaneKind.PLANE else None


def _of_image(state: ViewerState, index: int, area: Area) -> ShownPlane | None:
    pane = state.panes[index]
    series = state.series_by_id(pane.series_id)
    if series is None or not 0 <= pane.frame_index < len(series.frames):
        return None
    plane = plane_of_image(series, pane.frame_index)
    if plane is None:
        return None
    frame = series.frames[pane.frame_index]
    a, b, c, d, e, f = image_matrix(frame, pane_size(state, index), pane.viewport)
    return ShownPlane(plane, (a, b, c, d, e + area.x, f + area.y), area)


def _of_reformat(state: ViewerState, index: int, area: Area) -> ShownPlane | None:
    view, reformat = plane_view(state, index), state.reformat
    geometry = None if reformat is None else state.geometry(reformat.series_id)
    if view is None or geometry is None:
        return None
    right, down, normal = view.axes
    low_x, high_x = extent(geometry, right)
    low_y, high_y = extent(geometry, down)
    origin = plus(view.middle, right, low_x - dot(view.middle, right))
    origin = plus(origin, down, low_y - dot(view.middle, down))
    x, y = view.to_screen(origin)
    plane = rectangle(
        origin, right, down, normal, (high_x - low_x, high_y - low_y),
        geometry.frame_of_reference_uid,
    )  # fmt: skip
    return ShownPlane(plane, (view.scale, 0.0, 0.0, view.scale, x, y), area)


def same_frame(one: str, other: str) -> bool:
    """Tell whether two frames of reference are the same; an unstated one is like no other."""
    return bool(one) and one == other


def are_parallel(one: ImagePlane, other: ImagePlane, sine: float = LEAST_ANGLE) -> bool:
    """Tell whether the angle between two planes is below that of `sine`."""
    across = cross(one.normal, other.normal)
    return math.sqrt(dot(across, across)) < sine


def cut(source: ImagePlane, target: ImagePlane) -> tuple[Vector3, Vector3] | None:
    """Return the ends of the segment in which the rectangle `source` cuts the plane of `target`.

    None where they are parallel, apart, or of different frames of reference.
    """
    if not same_frame(source.frame_of_reference_uid, target.frame_of_reference_uid):
        return None
    if are_parallel(source, target):
        return None
    ends: list[Vector3] = []
    for start, end in itertools.pairwise((*source.corners, source.corners[0])):
        before, after = target.distance(start), target.distance(end)
        if (before < 0) != (after < 0):
            ends.append(plus(start, minus(end, start), before / (before - after)))
    return (ends[0], ends[1]) if len(ends) == 2 else None


def clipped(ends: Ends, area: Area) -> Ends | None:
    """Return the part of a segment inside an area; None where it is outside."""
    (x1, y1), (x2, y2) = ends
    start, end = 0.0, 1.0
    for place, step, low, high in (
        (x1, x2 - x1, area.x, area.x + area.width),
        (y1, y2 - y1, area.y, area.y + area.height),
    ):
        if step == 0.0:
            if not low <= place <= high:
                return None
            continue
        near, far = sorted(((low - place) / step, (high - place) / step))
        start, end = max(start, near), min(end, far)
    if start >= end:
        return None
    return (
        (x1 + start * (x2 - x1), y1 + start * (y2 - y1)),
        (x1 + end * (x2 - x1), y1 + end * (y2 - y1)),
    )
