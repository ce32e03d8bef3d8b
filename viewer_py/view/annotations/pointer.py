"""Pointers on annotations: drawing with a chosen tool, taking hold of what is drawn.

`begin` and `go_on` are asked by `viewer_py.view.pointer`, which knows the other gestures.
"""

from __future__ import annotations

import math
from dataclasses import replace

from viewer_py.view.annotations.hits import hit
from viewer_py.view.annotations.places import place_of
from viewer_py.view.annotations.store import ANNOTATION_TOOLS
from viewer_py.view.calls import Call
from viewer_py.view.command import Value
from viewer_py.view.gestures import (
    DOUBLE_AWAY,
    DOUBLE_SECONDS,
    MOUSE_SLOP,
    TOUCH_SLOP,
    Finger,
    Gesture,
    Idle,
    Pinch,
    PointerEvent,
    PointerKind,
    Tap,
    Work,
)
from viewer_py.view.state import ViewerState

Outcome = tuple[Gesture, tuple[Call, ...]]


def begin(event: PointerEvent, state: ViewerState, tool: str, last: Tap | None) -> Outcome | None:
    """Return what a pointer that goes down does to annotations of the active pane.

    None where it is none of theirs: the tool is another, and nothing selected lies under it.
    """
    draws = tool in ANNOTATION_TOOLS and place_of(state, state.active_pane) is not None
    work = Work(event.pointer_id, event.touch, event.x, event.y, draws=draws, last=last)
    grab = _grab(event, state, draws=draws)
    if grab is not None:
        return replace(work, draws=False), (grab,)
    if not draws:
        return None
    args: dict[str, Value] = {"kind": tool, "x": event.x, "y": event.y, "touch": int(event.touch)}
    return work, (Call("annotation.press", args),)


def _grab(event: PointerEvent, state: ViewerState, *, draws: bool) -> Call | None:
    """Return the taking hold of what lies under a pointer, or None.

    What is selected can be moved with every tool, with a mouse and a drawing tool all the others.
    """
    if state.annotations.draft is not None:
        return None
    found = hit(state, state.active_pane, event.x, event.y, touch=event.touch)
    if found is None:
        return None
    annotation, handle = found
    is_selected = annotation.annotation_id == state.annotations.selected
    if not is_selected and (event.touch or not draws):
        return None
    args: dict[str, Value] = {"id": annotation.annotation_id, "touch": int(event.touch)}
    if handle is not None:
        args["handle"] = handle
    return Call("annotation.grab", {**args, "x": event.x, "y": event.y})


def go_on(work: Work, event: PointerEvent, state: ViewerState) -> Outcome:
    """Return the next gesture and the calls of an event while a pointer draws or moves a mark."""
    place = {"x": event.x, "y": event.y}
    if event.kind is PointerKind.DOWN and event.pointer_id != work.pointer_id:
        return _second_pointer(work, event)
    if event.pointer_id != work.pointer_id:
        return work, ()
    if event.kind is PointerKind.CANCEL:
        return Idle(), (_taking_back(work),)
    away = math.hypot(event.x - work.start_x, event.y - work.start_y)
    moved = work.moved or away >= (TOUCH_SLOP if work.touch else MOUSE_SLOP)
    if event.kind is PointerKind.UP:
        return _lifted(work, event, state)
    if not moved:
        return work, ()
    work = replace(work, moved=True, x=event.x, y=event.y)
    return work, (Call("annotation.follow" if work.draws else "annotation.drag", place),)


def _lifted(work: Work, event: PointerEvent, state: ViewerState) -> Outcome:
    if work.moved:
        end = {"x": event.x, "y": event.y}
        if work.draws:
            return Idle(), (Call("annotation.lift", {**end, "dragged": 1}),)
        return Idle(), (Call("annotation.drop", end),)
    tap = Tap(event.x, event.y, event.time)
    twice = (
        work.last is not None
        and tap.time - work.last.time < DOUBLE_SECONDS
        and math.hypot(tap.x - work.last.x, tap.y - work.last.y) < DOUBLE_AWAY
    )
    if not work.draws:
        drop = Call("annotation.drop", {"x": event.x, "y": event.y})
        return (Idle(), (drop, Call("annotation.ask"))) if twice else (Idle(tap), (drop,))
    draft = state.annotations.draft
    if twice and draft is not None and draft.before is not None:
        return Idle(), (Call("annotation.retract"), Call("annotation.finish"))
    return Idle(tap), (Call("annotation.lift", {"x": event.x, "y": event.y, "dragged": 0}),)


def _second_pointer(work: Work, event: PointerEvent) -> Outcome:
    """Begin a pinch; what the first finger did by mistake is taken back."""
    if not (work.touch and event.touch):
        return work, ()
    first = Finger(work.pointer_id, work.x, work.y)
    return Pinch(first, Finger(event.pointer_id, event.x, event.y)), (_taking_back(work),)


def _taking_back(work: Work) -> Call:
    return Call("annotation.retract" if work.draws else "annotation.release")


def hovered(event: PointerEvent, state: ViewerState) -> tuple[Call, ...]:
    """Return the calls of a pointer that moves with no button down: a draft follows it."""
    if event.kind is not PointerKind.MOVE or event.touch or state.annotations.draft is None:
        return ()
    return (Call("annotation.follow", {"x": event.x, "y": event.y}),)


def tapped(event: PointerEvent, state: ViewerState, *, touch: bool) -> tuple[Call, ...]:
    """Return the calls of a tap with another tool: it selects what lies under it, or nothing."""
    if not state.annotations.items:
        return ()
    found = hit(state, state.active_pane, event.x, event.y, touch=touch)
    selected = "" if found is None else found[0].annotation_id
    if selected == state.annotations.selected:
        return ()
    return (Call("annotation.select", {"id": selected}),)
