"""What lies under a pointer: a handle, a line, the words of a mark."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

from viewer_py.measure.annotation import Annotation, AnnotationKind
from viewer_py.view.annotations.editing import on_screen
from viewer_py.view.annotations.places import Place, place_of
from viewer_py.view.annotations.shaping import ScreenPoint, ScreenPoints, handles_of, lines_of
from viewer_py.view.annotations.words import text_size
from viewer_py.view.state import ViewerState

REACH_OF_MOUSE, REACH_OF_FINGER = 8.0, 22.0  # CSS pixels

Hit = tuple[Annotation, int | None]


def seen(state: ViewerState, place: Place) -> tuple[Annotation, ...]:
    """Return the annotations that a pane shows, in the order they are painted."""
    store = state.annotations
    return tuple(one for one in store.items if store.is_shown(one) and place.holds(one))


def hit(state: ViewerState, index: int, x: float, y: float, *, touch: bool) -> Hit | None:
    """Return what a pointer at (x, y), CSS pixels, takes hold of in pane `index`.

    The annotation and the number of its handle, None for its body. What is selected comes first,
    then handles before lines, then what is nearer.
    """
    place = place_of(state, index)
    if place is None:
        return None
    at = (x * place.pixel_ratio, y * place.pixel_ratio)
    reach = (REACH_OF_FINGER if touch else REACH_OF_MOUSE) * place.pixel_ratio
    selected = state.annotations.selected
    found = [
        (one.annotation_id != selected, handle is None, away, order, (one, handle))
        for order, one in enumerate(reversed(seen(state, place)))
        for handle, away in _near(one, place, at, reach)
    ]
    return min(found, key=lambda one: one[:4])[4] if found else None


def _near(
    annotation: Annotation, place: Place, at: ScreenPoint, reach: float
) -> Iterable[tuple[int | None, float]]:
    points = on_screen(place, annotation.points)
    for number, handle in enumerate(handles_of(annotation.kind, points)):
        away = math.dist(handle, at)
        if away <= reach:
            yield number, away
    lines = lines_of(annotation.kind, points, closed=annotation.closed)
    away = min((distance(at, line) for line in lines if line), default=math.inf)
    if annotation.kind is AnnotationKind.TEXT and _on_words(annotation, place, points, at):
        yield 1, reach  # the words move, the place that they speak of stays
    elif away <= reach:
        yield None, away


def _on_words(annotation: Annotation, place: Place, points: ScreenPoints, at: ScreenPoint) -> bool:
    width, height = text_size((annotation.text,), place.pixel_ratio)
    x, y = points[1]
    return x <= at[0] <= x + width and y <= at[1] <= y + height


def distance(at: ScreenPoint, line: ScreenPoints) -> float:
    """Return how far a place lies from a polyline."""
    if len(line) == 1:
        return math.dist(at, line[0])
    return min(_from_segment(at, start, end) for start, end in itertools.pairwise(line))


def _from_segment(at: ScreenPoint, start: ScreenPoint, end: ScreenPoint) -> float:
    right, down = end[0] - start[0], end[1] - start[1]
    whole = right * right + down * down
    if whole == 0.0:
        return math.dist(at, start)
    share = ((at[0] - start[0]) * right + (at[1] - start[1]) * down) / whole
    share = min(max(share, 0.0), 1.0)
    return math.dist(at, (start[0] + share * right, start[1] + share * down))
