"""Pointers as state machines: what mouse, pen and fingers do becomes command calls.

One finger and the left button work the chosen tool, the other buttons what the mouse mapping says
(C-06), two fingers zoom and pan (B-20, B-21). `step` leads from gesture and event to the next one.
"""

from __future__ import annotations

import math
from dataclasses import replace

from viewer_py.view.annotations.store import ANNOTATION_TOOLS
from viewer_py.view.calls import Call
from viewer_py.view.cross_hair import on_a_line
from viewer_py.view.drags import DRAGS
from viewer_py.view.gestures import (
    DOUBLE_AWAY,
    DOUBLE_SECONDS,
    MOUSE_SLOP,
    TOUCH_SLOP,
    Drag,
    Finger,
    Gesture,
    Idle,
    Lifting,
    Pinch,
    PointerEvent,
    PointerKind,
    Tap,
    Work,
)
from viewer_py.view.layout import pane_at
from viewer_py.view.mouse_mapping import tool_of
from viewer_py.view.reformatting import enlarged_with_a_tap
from viewer_py.view.state import Pane, PaneKind, ViewerState

Outcome = tuple[Gesture, tuple[Call, ...]]


def step(gesture: Gesture, event: PointerEvent, state: ViewerState) -> Outcome:
    """Return the next gesture and the calls that `event` means in `state`."""
    if isinstance(gesture, Drag):
        return _in_drag(gesture, event, state)
    if isinstance(gesture, Work):
        return _worked(gesture, event, state)
    if isinstance(gesture, Pinch):
        return _in_pinch(gesture, event)
    if isinstance(gesture, Lifting):
        return _in_lifting(gesture, event)
    if event.kind is PointerKind.DOWN:
        return _begin(event, state, gesture.tap)
    if state.annotations.draft is not None:
        return gesture, _hovered(event, state)
    return gesture, ()


def _worked(work: Work, event: PointerEvent, state: ViewerState) -> Outcome:
    # Nothing is drawn before the first picture: what draws is imported later.
    from viewer_py.view.annotations.pointer import go_on

    return go_on(work, event, state)


def _hovered(event: PointerEvent, state: ViewerState) -> tuple[Call, ...]:
    from viewer_py.view.annotations.pointer import hovered

    return hovered(event, state)


def _work(event: PointerEvent, state: ViewerState, tool: str, last: Tap | None) -> Outcome | None:
    """Return the drawing or moving of an annotation that begins here, or None."""
    if not (event.touch or event.button == 0):
        return None
    if not state.annotations.items and tool not in ANNOTATION_TOOLS:
        return None
    from viewer_py.view.annotations.pointer import begin

    return begin(event, state, tool, last)


def _selecting(event: PointerEvent, state: ViewerState, *, touch: bool) -> tuple[Call, ...]:
    if not state.annotations.items:
        return ()
    from viewer_py.view.annotations.pointer import tapped

    return tapped(event, state, touch=touch)


def _begin(event: PointerEvent, state: ViewerState, last: Tap | None = None) -> Outcome:
    """Begin a drag in the pane under the pointer, which becomes the active one."""
    index = pane_at(state, event.x, event.y)
    activate = () if index == state.active_pane else (Call("pane.activate", {"pane": index}),)
    if enlarged_with_a_tap(state, index):
        return Lifting(event.pointer_id), activate
    tool = tool_of(state.habits.mouse, state.tool, event.button, touch=event.touch)
    kind = state.panes[index].kind
    work = _work(event, replace(state, active_pane=index), tool, last)
    if work is not None:
        return work[0], activate + work[1]
    tool = _tool_of_pane(tool, kind, event, replace(state, active_pane=index))
    drag = Drag(
        pointer_id=event.pointer_id,
        tool=tool,
        touch=event.touch,
        start_x=event.x,
        start_y=event.y,
        x=event.x,
        y=event.y,
        before=state.panes[index],
        last=last,
    )
    return drag, activate


def _tool_of_pane(tool: str, kind: PaneKind, event: PointerEvent, state: ViewerState) -> str:
    """Return what the pointer works in a pane of this kind, where the tool itself has no use."""
    if tool in ANNOTATION_TOOLS:
        tool = "pan"  # nothing can be drawn here
    if kind is PaneKind.RENDERING and tool in ("crosshair", "stack", "pan"):
        return "pan" if event.button == 1 and not event.touch else "orbit"
    if kind is PaneKind.CURVE and tool in ("crosshair", "stack"):
        return "pan"
    if tool == "localizer" and kind not in (PaneKind.STACK, PaneKind.PLANE):
        return "pan"
    if tool == "crosshair" and kind is not PaneKind.PLANE:
        return "pan"
    if tool == "crosshair" and on_a_line(state, event.x, event.y, touch=event.touch):
        return "turn"
    return tool


def _in_drag(drag: Drag, event: PointerEvent, state: ViewerState) -> Outcome:
    if event.kind is PointerKind.DOWN and event.pointer_id != drag.pointer_id:
        return _second_pointer(drag, event)
    if event.pointer_id != drag.pointer_id:
        return drag, ()
    if event.kind is PointerKind.UP and not drag.moved:
        return _tapped(drag, event, state)
    if event.kind in (PointerKind.UP, PointerKind.CANCEL):
        return Idle(), ()
    if event.kind is PointerKind.DOWN:
        return _begin(event, state)
    away = math.hypot(event.x - drag.start_x, event.y - drag.start_y)
    if not drag.moved and away < (TOUCH_SLOP if drag.touch else MOUSE_SLOP):
        return drag, ()
    owed, calls = DRAGS[drag.tool](drag, event, state)
    return replace(drag, x=event.x, y=event.y, moved=True, owed=owed), calls


def _tapped(drag: Drag, event: PointerEvent, state: ViewerState) -> Outcome:
    """Return what a tap means: a second one soon after ends a curve or shows one pane alone."""
    tap = Tap(event.x, event.y, event.time)
    last = drag.last
    twice = (
        last is not None
        and tap.time - last.time < DOUBLE_SECONDS
        and math.hypot(tap.x - last.x, tap.y - last.y) < DOUBLE_AWAY
    )
    if twice:
        return Idle(), _double_tap_calls(state)
    return Idle(tap), _tap_calls(drag, event, state)


def _is_drawing(state: ViewerState) -> bool:
    return state.reformat is not None and state.reformat.curve.drawing


def _tap_calls(drag: Drag, event: PointerEvent, state: ViewerState) -> tuple[Call, ...]:
    selecting = _selecting(event, state, touch=drag.touch)
    if selecting:
        return selecting
    place = {"x": event.x, "y": event.y}
    if drag.tool == "localizer":
        return (Call("reference.pick", place),)
    if drag.before.kind is not PaneKind.PLANE:
        return ()
    if _is_drawing(state):
        return (Call("curve.add", place),)
    if drag.tool in ("crosshair", "turn"):
        return (Call("mpr.pick", place),)
    return ()


def _double_tap_calls(state: ViewerState) -> tuple[Call, ...]:
    if _is_drawing(state):
        return (Call("curve.finish"),)
    return (Call("layout.maximize"),) if len(state.panes) > 1 else ()


def _second_pointer(drag: Drag, event: PointerEvent) -> Outcome:
    """Begin a pinch; what a late second finger let the tool do by mistake is taken back."""
    if not (drag.touch and event.touch):
        return drag, ()
    taken_back = restoring_calls(drag.before) if drag.moved and drag.tool != "pan" else ()
    return Pinch(
        Finger(drag.pointer_id, drag.x, drag.y), Finger(event.pointer_id, event.x, event.y)
    ), taken_back


def restoring_calls(pane: Pane) -> tuple[Call, ...]:
    """Return the calls that put window, place and image back to those of `pane`."""
    window = Call("window.preset", {"name": pane.preset})
    if pane.window is not None and not pane.preset:
        window = Call("window.set", {"center": pane.window.center, "width": pane.window.width})
    view = pane.viewport
    place = Call(
        "viewport.set",
        {
            "zoom": view.zoom,
            "pan_x": view.pan_x,
            "pan_y": view.pan_y,
            "rotation": view.rotation,
        },
    )
    if pane.kind is not PaneKind.STACK:
        return place, window
    return place, window, Call("stack.go", {"frame": pane.frame_index})


def _in_pinch(pinch: Pinch, event: PointerEvent) -> Outcome:
    fingers = (pinch.first, pinch.second)
    if event.pointer_id not in (fingers[0].pointer_id, fingers[1].pointer_id):
        return pinch, ()
    is_first = event.pointer_id == pinch.first.pointer_id
    if event.kind in (PointerKind.UP, PointerKind.CANCEL):
        return Lifting((pinch.second if is_first else pinch.first).pointer_id), ()
    moved = Finger(event.pointer_id, event.x, event.y)
    after = replace(pinch, first=moved) if is_first else replace(pinch, second=moved)
    return after, _pinch_calls(pinch, after)


def _spread(pinch: Pinch) -> tuple[float, float, float]:
    middle_x = (pinch.first.x + pinch.second.x) / 2
    middle_y = (pinch.first.y + pinch.second.y) / 2
    distance = math.hypot(pinch.first.x - pinch.second.x, pinch.first.y - pinch.second.y)
    return middle_x, middle_y, max(distance, 8.0)


def _pinch_calls(before: Pinch, after: Pinch) -> tuple[Call, ...]:
    old_x, old_y, old_distance = _spread(before)
    x, y, distance = _spread(after)
    factor = min(max(distance / old_distance, 0.1), 10.0)
    return (
        Call("viewport.pan", {"x": x - old_x, "y": y - old_y}),
        Call("viewport.zoom", {"factor": factor, "x": x, "y": y}),
    )


def _in_lifting(lifting: Lifting, event: PointerEvent) -> Outcome:
    gone = event.kind in (PointerKind.UP, PointerKind.CANCEL)
    if gone and event.pointer_id == lifting.pointer_id:
        return Idle(), ()
    return lifting, ()
