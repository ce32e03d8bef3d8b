"""Taking hold of an annotation and moving it, or one of its handles. Places are CSS pixels."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.measure.annotation import Annotation
from viewer_py.view.annotations.drawing import LEAST_SIZE, drawing_place, with_store
from viewer_py.view.annotations.editing import edited, on_screen, shifted, with_handle
from viewer_py.view.annotations.places import place_of
from viewer_py.view.annotations.shaping import has_size
from viewer_py.view.annotations.store import Held, changed, replaced
from viewer_py.view.command import CommandError
from viewer_py.view.state import ViewerState


def grabbed(
    state: ViewerState,
    annotation_id: str,
    handle: int | None,
    at: tuple[float, float],
    *,
    touch: bool,
) -> ViewerState:
    """Take hold of an annotation of the active pane. Raises CommandError where it is not."""
    store = state.annotations
    found, place = store.find(annotation_id), drawing_place(state)
    if found is None or not place.holds(found):
        raise CommandError("没有这个标注 / there is no such annotation")
    if handle is not None and handle >= len(found.points):
        raise CommandError("没有这个控制点 / there is no such handle")
    held = Held(found, handle, at, place.pane, touch)
    return with_store(state, replace(store, selected=annotation_id, held=held, draft=None))


def dragged(state: ViewerState, x: float, y: float) -> ViewerState:
    """Move what is held; nothing is remembered before it is let go."""
    store = state.annotations
    held = store.held
    place = None if held is None else place_of(state, held.pane)
    if held is None or place is None or not place.holds(held.annotation):
        return state
    before = on_screen(place, held.annotation.points)
    right = (x - held.at[0]) * place.pixel_ratio
    down = (y - held.at[1]) * place.pixel_ratio
    if held.handle is None:
        after = shifted(before, right, down)
    else:
        start = before[held.handle]
        to = (start[0] + right, start[1] + down)
        after = with_handle(held.annotation.kind, before, held.handle, to)
    if not has_size(held.annotation.kind, after, LEAST_SIZE * place.pixel_ratio):
        return state
    return _showing(state, held.annotation, edited(held.annotation, place, before, after))


def _showing(state: ViewerState, held: Annotation, moved: Annotation) -> ViewerState:
    store = state.annotations
    return with_store(state, replace(store, items=replaced(store.items, (held,), (moved,))))


def dropped(state: ViewerState) -> ViewerState:
    """Let go of what is held, where it is; the way back is to where it was."""
    store = state.annotations
    if store.held is None:
        return state
    before = store.held.annotation
    now = store.find(before.annotation_id)
    if now is None or now == before:
        return with_store(state, replace(store, held=None))
    return with_store(state, changed(store, (before,), (now,)))


def released(state: ViewerState) -> ViewerState:
    """Put what is held back to where it was."""
    held = state.annotations.held
    if held is None:
        return state
    state = _showing(state, held.annotation, held.annotation)
    return with_store(state, replace(state.annotations, held=None))


def nudged(state: ViewerState, right: float, down: float) -> ViewerState:
    """Move what is selected, on the active pane. Raises CommandError where it is not there."""
    store = state.annotations
    found, place = store.find(store.selected), place_of(state, state.active_pane)
    if found is None or place is None or not place.holds(found):
        raise CommandError("请先选中此影像上的标注 / select an annotation on this image first")
    before = on_screen(place, found.points)
    after = shifted(before, right * place.pixel_ratio, down * place.pixel_ratio)
    return with_store(state, changed(store, (found,), (edited(found, place, before, after),)))
