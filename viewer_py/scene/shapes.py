"""From annotations to what is drawn over the image: lines, handles, words, in device pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from viewer_py.measure.annotation import Annotation, AnnotationKind
from viewer_py.measure.model import Measurement
from viewer_py.scene.boxes import Box, Measured, placed
from viewer_py.scene.facts import Facts
from viewer_py.scene.mark_words import box_lines
from viewer_py.scene.model import CornerText, OrientationMarks, PaneScene, Shape, ShapeKind
from viewer_py.view.annotations.drawing import DRAFT_ID, draft_annotation
from viewer_py.view.annotations.editing import on_screen
from viewer_py.view.annotations.hits import seen
from viewer_py.view.annotations.places import Place, place_of
from viewer_py.view.annotations.shaping import (
    ScreenPoint,
    ScreenPoints,
    handles_of,
    is_area,
    lines_of,
)
from viewer_py.view.annotations.words import text_size
from viewer_py.view.layout import is_in_strip
from viewer_py.view.state import ViewerState

_GAP = 10.0  # CSS pixels between what is measured and its words
_CROSS = 7.0  # CSS pixels of the arms of a probed place
_ARC = 26.0  # CSS pixels
_CORNER_LINE, _CORNER_CHARACTER = 19.0, 8.0  # CSS pixels, as in static/css/viewer-stage.css
_EDGE = 26.0


@dataclass(frozen=True)
class _Mark:
    """One annotation on the screen."""

    annotation: Annotation
    points: ScreenPoints
    style: str

    @property
    def measured(self) -> Measured:
        """Return what its words must not cover."""
        kind, closed = self.annotation.kind, self.annotation.closed
        lines = lines_of(kind, self.points, closed=closed)
        return Measured(tuple(one for one in lines if one), is_area(kind, closed=closed))


def with_annotations(state: ViewerState, index: int, scene: PaneScene, facts: Facts) -> PaneScene:
    """Return the scene of pane `index` with the annotations that lie in what it shows."""
    place = place_of(state, index)
    if place is None:
        return scene
    shapes = annotation_shapes(state, place, scene, facts)
    return replace(scene, shapes=scene.shapes + shapes) if shapes else scene


def annotation_shapes(
    state: ViewerState, place: Place, scene: PaneScene, facts: Facts
) -> tuple[Shape, ...]:
    """Return the shapes of one pane: all lines, then all words, then the handles on top."""
    marks = [_mark(state, place, one) for one in seen(state, place)]
    draft = state.annotations.draft
    drawing: tuple[Shape, ...] = ()
    if draft is not None and draft.pane == place.pane:
        whole = draft_annotation(state)
        if whole is not None:
            marks.append(_Mark(whole, on_screen(place, whole.points), "drawing"))
        else:
            drawing = _unfinished(draft.kind, on_screen(place, draft.points))
    ratio = place.pixel_ratio
    lines = [shape for mark in marks for shape in _lines(mark, ratio)]
    words = [] if is_in_strip(state, place.pane) else _words(marks, place, scene, facts)
    handles = [shape for mark in marks for shape in _handles(mark)]
    return (*lines, *drawing, *words, *handles)


def _mark(state: ViewerState, place: Place, annotation: Annotation) -> _Mark:
    selected = annotation.annotation_id == state.annotations.selected
    points = on_screen(place, annotation.points)
    return _Mark(annotation, points, "selected" if selected else "mark")


def _unfinished(kind: AnnotationKind, points: ScreenPoints) -> tuple[Shape, ...]:
    """Return what is drawn of an annotation that lacks points still."""
    lines = lines_of(kind, points)
    shapes = [Shape(ShapeKind.POLYLINE, one, "drawing") for one in lines if len(one) > 1]
    return (*shapes, Shape(ShapeKind.HANDLE, points, "drawing"))


# --- lines ----------------------------------------------------------------------------------


def _lines(mark: _Mark, ratio: float) -> list[Shape]:
    kind, points, style = mark.annotation.kind, mark.points, mark.style
    if kind is AnnotationKind.RECTANGLE:
        return [Shape(ShapeKind.POLYGON, points, style)]
    if kind is AnnotationKind.ELLIPSE:
        (ax, ay), (bx, by), _, end = points
        return [Shape(ShapeKind.ELLIPSE, (((ax + bx) / 2, (ay + by) / 2), (bx, by), end), style)]
    if kind is AnnotationKind.CIRCLE:
        (x, y), (rim_x, rim_y) = points
        across = (x - (rim_y - y), y + (rim_x - x))
        return [Shape(ShapeKind.ELLIPSE, (points[0], points[1], across), style)]
    if kind is AnnotationKind.FREEHAND:
        joined = ShapeKind.POLYGON if mark.annotation.closed else ShapeKind.POLYLINE
        return [Shape(joined, points, style)]
    if kind is AnnotationKind.PROBE:
        return _cross(points[0], _CROSS * ratio, style)
    if kind is AnnotationKind.ARROW:
        return [Shape(ShapeKind.ARROW, points, style)]
    if kind is AnnotationKind.TEXT:
        return []
    if kind is AnnotationKind.CARDIOTHORACIC:
        return _cardiothoracic(points, style)
    shapes = [Shape(ShapeKind.POLYLINE, one, style) for one in lines_of(kind, points)]
    if kind is AnnotationKind.ANGLE:
        shapes.append(Shape(ShapeKind.POLYLINE, _arc(points, _ARC * ratio), style))
    if kind is AnnotationKind.COBB:
        middles = (_middle(*points[:2]), _middle(*points[2:]))
        shapes.append(Shape(ShapeKind.POLYLINE, middles, "leader"))
    return shapes


def _middle(one: ScreenPoint, other: ScreenPoint) -> ScreenPoint:
    return ((one[0] + other[0]) / 2, (one[1] + other[1]) / 2)


def _cross(at: ScreenPoint, arm: float, style: str) -> list[Shape]:
    x, y = at
    level, upright = ((x - arm, y), (x + arm, y)), ((x, y - arm), (x, y + arm))
    return [Shape(ShapeKind.POLYLINE, one, style) for one in (level, upright)]


def _arc(points: ScreenPoints, radius: float) -> ScreenPoints:
    """Return an arc at the vertex, the short way round from side to side."""
    first, vertex, last = points
    radius = min(radius, 0.6 * math.dist(first, vertex), 0.6 * math.dist(last, vertex))
    start = math.atan2(first[1] - vertex[1], first[0] - vertex[0])
    turn = math.remainder(math.atan2(last[1] - vertex[1], last[0] - vertex[0]) - start, math.tau)
    angles = (start + turn * step / 16 for step in range(17))
    return tuple(
        (vertex[0] + radius * math.cos(one), vertex[1] + radius * math.sin(one)) for one in angles
    )


def _cardiothoracic(points: ScreenPoints, style: str) -> list[Shape]:
    """Return the midline, and from each border and wall the way to it."""
    upper, lower = points[:2]
    found = [Shape(ShapeKind.POLYLINE, (upper, lower), style)]
    right, down = lower[0] - upper[0], lower[1] - upper[1]
    whole = right * right + down * down
    for x, y in points[2:] if whole else ():
        share = ((x - upper[0]) * right + (y - upper[1]) * down) / whole
        foot = (upper[0] + share * right, upper[1] + share * down)
        found.append(Shape(ShapeKind.POLYLINE, ((x, y), foot), style))
    return found


def _handles(mark: _Mark) -> list[Shape]:
    if mark.style not in ("selected", "drawing"):
        return []
    points = handles_of(mark.annotation.kind, mark.points)
    if mark.annotation.kind is AnnotationKind.TEXT:
        points = points[:1]
    return [Shape(ShapeKind.HANDLE, points, mark.style)] if points else []


# --- words ----------------------------------------------------------------------------------


def _words(marks: list[_Mark], place: Place, scene: PaneScene, facts: Facts) -> list[Shape]:
    ratio = place.pixel_ratio
    area = place.area
    pane = Box(area.x, area.y, area.width, area.height).grown(-3.0 * ratio)
    taken = _reserved(scene.corners, scene.marks, pane, ratio)
    shapes: list[Shape] = []
    # What is being worked on comes first, so that its words keep still.
    order = sorted(marks, key=lambda one: one.style == "mark")
    measured = {id(one): one.measured for one in marks}
    for mark in order:
        lines = box_lines(mark.annotation, _measurement(mark.annotation, place, facts))
        if not lines:
            continue
        size = text_size(lines, ratio)
        if mark.annotation.kind is AnnotationKind.TEXT:
            box = Box(*mark.points[1], *size).within(pane)
        else:
            others = [measured[id(one)] for one in marks if one is not mark]
            box = placed(size, measured[id(mark)], pane, taken, others, _GAP * ratio)
        taken.append(box)
        shapes += _box_shapes(mark, measured[id(mark)], box, lines, ratio)
    return shapes


def _measurement(annotation: Annotation, place: Place, facts: Facts) -> Measurement:
    """Return the numbers to show here: values belong to the image that was drawn on."""
    found = facts.measurements.get(annotation.annotation_id, Measurement())
    here, there = place.image, annotation.image
    same = here.series_id == there.series_id and (
        here == there or not (here.sop_instance_uid and there.sop_instance_uid)
    )
    if same or annotation.annotation_id == DRAFT_ID:
        return found
    kept = tuple(one for one in found.results if one.unit in ("mm", "mm²", "px", "px²", "°", ""))
    return Measurement(tuple(one for one in kept if one.name not in _VALUES), found.warnings)


_VALUES = frozenset({"value", "mean", "deviation", "smallest", "largest", "pixels"})


def _box_shapes(
    mark: _Mark, measured: Measured, box: Box, lines: tuple[str, ...], ratio: float
) -> list[Shape]:
    """Return the words in their box, and a line to what they speak of where it lies apart."""
    about = measured.box
    start = box.nearest((about.left + about.width / 2, about.top + about.height / 2))
    end = mark.points[0] if mark.annotation.kind is AnnotationKind.TEXT else measured.nearest(start)
    corners = ((box.left, box.top), (box.right, box.bottom))
    words = Shape(ShapeKind.TEXT, corners, mark.style, lines)
    if mark.annotation.kind is AnnotationKind.TEXT and math.dist(start, end) > 0.0:
        return [Shape(ShapeKind.ARROW, (end, start), mark.style), words]
    if math.dist(start, end) <= 1.5 * _GAP * ratio:
        return [words]
    return [Shape(ShapeKind.POLYLINE, (start, end), "leader"), words]


def _reserved(corners: CornerText, marks: OrientationMarks, pane: Box, ratio: float) -> list[Box]:
    """Return where the corners' words and the orientation letters stand, about."""
    found = []
    for name in ("top_left", "top_right", "bottom_left", "bottom_right"):
        lines: tuple[str, ...] = getattr(corners, name)
        longest = max((sum(2 if ord(c) > 0x2E7F else 1 for c in line) for line in lines), default=0)
        width = min(longest * _CORNER_CHARACTER * ratio, pane.width / 2)
        height = len(lines) * _CORNER_LINE * ratio
        left = pane.left if name.endswith("left") else pane.right - width
        top = pane.top if name.startswith("top") else pane.bottom - height
        found.append(Box(left, top, width, height))
    edge = _EDGE * ratio
    middle_x, middle_y = pane.left + (pane.width - edge) / 2, pane.top + (pane.height - edge) / 2
    found += [
        Box(left, top, edge, edge)
        for letter, left, top in (
            (marks.left, pane.left, middle_y),
            (marks.right, pane.right - edge, middle_y),
            (marks.top, middle_x, pane.top),
            (marks.bottom, middle_x, pane.bottom - 2 * edge),
        )
        if letter
    ]
    return found
