"""Moving one handle of an annotation, or all of it, on the screen."""

from __future__ import annotations

import math
from dataclasses import replace

from viewer_py.measure.annotation import Annotation, AnnotationKind, Point3
from viewer_py.view.annotations.places import Place
from viewer_py.view.annotations.shaping import ScreenPoint, ScreenPoints
from viewer_py.view.planes import plus


def with_handle(
    kind: AnnotationKind, points: ScreenPoints, handle: int, to: ScreenPoint
) -> ScreenPoints:
    """Return the points with one handle at `to`; a rectangle stays one, so do the others."""
    if kind is AnnotationKind.RECTANGLE:
        return _with_corner(points, handle, to)
    if kind is AnnotationKind.ELLIPSE:
        return _with_axis_end(points, handle, to)
    if kind is AnnotationKind.CIRCLE and handle == 0:
        return shifted(points, to[0] - points[0][0], to[1] - points[0][1])
    return (*points[:handle], to, *points[handle + 1 :])


def shifted(points: ScreenPoints, right: float, down: float) -> ScreenPoints:
    """Return the points moved as a whole."""
    return tuple((x + right, y + down) for x, y in points)


def _direction(start: ScreenPoint, end: ScreenPoint) -> ScreenPoint:
    length = math.dist(start, end)
    if length == 0.0:
        return (1.0, 0.0)
    return ((end[0] - start[0]) / length, (end[1] - start[1]) / length)


def _with_corner(points: ScreenPoints, handle: int, to: ScreenPoint) -> ScreenPoints:
    """Move a corner; the one across stays, and the sides keep their directions."""
    opposite, near, far = (handle + 2) % 4, (handle + 3) % 4, (handle + 1) % 4
    start = points[opposite]
    moved = list(points)
    moved[handle] = to
    for corner in (near, far):
        right, down = _direction(start, points[corner])
        along = (to[0] - start[0]) * right + (to[1] - start[1]) * down
        moved[corner] = (start[0] + right * along, start[1] + down * along)
    return tuple(moved)


def _with_axis_end(points: ScreenPoints, handle: int, to: ScreenPoint) -> ScreenPoints:
    """Move an end of an axis; its other end stays, the other axis stays across and as long."""
    other_end = handle ^ 1
    first_across = 2 - (handle & 2)
    start = points[other_end]
    middle = ((start[0] + to[0]) / 2, (start[1] + to[1]) / 2)
    half = math.dist(points[first_across], points[first_across + 1]) / 2
    before = _direction(start, points[handle])
    now = _direction(start, to)
    across = _direction(points[first_across], points[first_across + 1])
    # The other axis turns as far as this one did.
    cosine = before[0] * now[0] + before[1] * now[1]
    sine = before[0] * now[1] - before[1] * now[0]
    turned = (across[0] * cosine - across[1] * sine, across[0] * sine + across[1] * cosine)
    moved = list(points)
    moved[handle] = to
    moved[first_across] = (middle[0] - turned[0] * half, middle[1] - turned[1] * half)
    moved[first_across + 1] = (middle[0] + turned[0] * half, middle[1] + turned[1] * half)
    return tuple(moved)


def on_screen(place: Place, points: tuple[Point3, ...]) -> ScreenPoints:
    """Return points in device pixels."""
    return tuple(place.to_screen(point) for point in points)


def edited(
    annotation: Annotation, place: Place, before: ScreenPoints, after: ScreenPoints
) -> Annotation:
    """Return the annotation with its points where they were moved to on the screen.

    Points that were not moved stay as they are, and each keeps its distance from the plane.
    """
    pairs = zip(annotation.points, before, after, strict=True)
    points = tuple(
        point if old == new else plus(place.to_space(*new), place.normal, place.depth(point))
        for point, old, new in pairs
    )
    return replace(annotation, points=points)
