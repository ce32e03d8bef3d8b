"""From the points that a reader places to those of an annotation, and how each kind is drawn.

Here points are (x, y) on the screen: there a picture is a similar figure of what it shows, so that
a rectangle on it is one in the patient.
"""

from __future__ import annotations

import math

from viewer_py.measure.annotation import AnnotationKind

ScreenPoint = tuple[float, float]
ScreenPoints = tuple[ScreenPoint, ...]

# How many points a reader places; a freehand course takes as many as it gets.
PLACED: dict[AnnotationKind, int] = {
    AnnotationKind.LENGTH: 2,
    AnnotationKind.RECTANGLE: 2,
    AnnotationKind.ELLIPSE: 2,
    AnnotationKind.CIRCLE: 2,
    AnnotationKind.ANGLE: 3,
    AnnotationKind.COBB: 4,
    AnnotationKind.PROBE: 1,
    AnnotationKind.CARDIOTHORACIC: 6,
    AnnotationKind.ARROW: 2,
    AnnotationKind.TEXT: 2,
}
# Each point by itself, wherever the pointer is let go.
ONE_BY_ONE = frozenset({AnnotationKind.PROBE, AnnotationKind.CARDIOTHORACIC})
_CIRCLE_STEPS = 48


def shaped(kind: AnnotationKind, placed: ScreenPoints) -> ScreenPoints:
    """Return an annotation's points for those placed: a box's corners, the ends of its axes."""
    if kind not in (AnnotationKind.RECTANGLE, AnnotationKind.ELLIPSE) or len(placed) != 2:
        return placed
    (left, top), (right, bottom) = placed
    if kind is AnnotationKind.RECTANGLE:
        return ((left, top), (right, top), (right, bottom), (left, bottom))
    x, y = (left + right) / 2, (top + bottom) / 2
    return ((left, y), (right, y), (x, top), (x, bottom))


def has_size(kind: AnnotationKind, points: ScreenPoints, least: float) -> bool:
    """Tell whether what was drawn is more than a slip of the hand: `least` pixels across."""
    if kind in ONE_BY_ONE or kind is AnnotationKind.TEXT:
        return True
    if kind in (AnnotationKind.RECTANGLE, AnnotationKind.ELLIPSE):
        near, far = (1, 3) if kind is AnnotationKind.RECTANGLE else (1, 2)
        first = math.dist(points[0], points[near])
        other = math.dist(points[0], points[3]) if far == 3 else math.dist(points[2], points[3])
        return min(first, other) >= least
    if kind is AnnotationKind.COBB:
        return min(math.dist(*points[:2]), math.dist(*points[2:])) >= least
    if kind is AnnotationKind.ANGLE:
        return min(math.dist(*points[:2]), math.dist(*points[1:])) >= least
    return max(math.dist(points[0], one) for one in points) >= least


def lines_of(
    kind: AnnotationKind, points: ScreenPoints, *, closed: bool = False
) -> tuple[ScreenPoints, ...]:
    """Return the lines that a drawing consists of, each a polyline; curves as short chords."""
    if kind is AnnotationKind.ELLIPSE and len(points) == 4:
        return (ellipse_outline(points),)
    if kind is AnnotationKind.CIRCLE and len(points) == 2:
        return (circle_outline(points),)
    if kind is AnnotationKind.RECTANGLE and len(points) == 4:
        return ((*points, points[0]),)
    if kind is AnnotationKind.FREEHAND and closed:
        return ((*points, points[0]),)
    if kind in (AnnotationKind.COBB, AnnotationKind.CARDIOTHORACIC):
        return tuple(points[start : start + 2] for start in range(0, len(points), 2))
    if kind is AnnotationKind.TEXT:
        return (points[:1],)
    return (points,)


def ellipse_outline(points: ScreenPoints) -> ScreenPoints:
    """Return the outline for the four ends of the axes."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points
    x, y = (ax + bx) / 2, (ay + by) / 2
    first, second = ((bx - ax) / 2, (by - ay) / 2), ((dx - cx) / 2, (dy - cy) / 2)
    turns = (math.tau * step / _CIRCLE_STEPS for step in range(_CIRCLE_STEPS + 1))
    return tuple(
        (
            x + first[0] * math.cos(turn) + second[0] * math.sin(turn),
            y + first[1] * math.cos(turn) + second[1] * math.sin(turn),
        )
        for turn in turns
    )


def circle_outline(points: ScreenPoints) -> ScreenPoints:
    """Return the outline for the centre and a place on the circle."""
    (x, y), rim = points
    radius = math.dist(points[0], rim)
    turns = (math.tau * step / _CIRCLE_STEPS for step in range(_CIRCLE_STEPS + 1))
    return tuple((x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns)


def is_area(kind: AnnotationKind, *, closed: bool) -> bool:
    """Tell whether what lies inside of the lines is measured."""
    boxes = (AnnotationKind.RECTANGLE, AnnotationKind.ELLIPSE, AnnotationKind.CIRCLE)
    return kind in boxes or (kind is AnnotationKind.FREEHAND and closed)


def handles_of(kind: AnnotationKind, points: ScreenPoints) -> ScreenPoints:
    """Return the places that can be taken hold of; a freehand course is moved as a whole."""
    return () if kind is AnnotationKind.FREEHAND else points
