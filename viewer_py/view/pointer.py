"""Pointers as state machines: what mouse, pen and fingers do becomes command calls.

Left button or one finger works the chosen tool, the middle button pans, the right one windows, two
fingers zoom and pan (B-20, B-21). A gesture is one of the frozen states below; `step` takes it and
an event to the next one.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from viewer_py.view.calls import Call
from viewer_py.view.commands.stack import frame_count
from viewer_py.view.commands.window import shown_window
from viewer_py.view.state import Pane, ViewerState

TOUCH_SLOP = 6.0  # CSS pixels a finger may tremble before it drags
_WINDOW_DRAG = 300.0  # CSS pixels of drag that change the window by its own width
_ZOOM_DRAG = 200.0  # CSS pixels of drag that enlarge e-fold
_LEAST_DRAG, _MOST_DRAG = 2.0, 14.0  # CSS pixels a frame when the stack is dragged


class PointerKind(enum.StrEnum):
    """What happened to a pointer."""

    DOWN = "down"
    MOVE = "move"
    UP = "up"
    CANCEL = "cancel"


@dataclass(frozen=True)
class PointerEvent:
    """One pointer event in CSS pixels from the top left of the reading area.

    `button` is that of the DOM (0 left, 1 middle, 2 right); `touch` is true for fingers.
    """

    kind: PointerKind
    pointer_id: int
    x: float
    y: float
    button: int = 0
    touch: bool = False


@dataclass(frozen=True)
class Idle:
    """No pointer is down."""


@dataclass(frozen=True)
class Drag:
    """One pointer works a tool; `before` is the pane as it was when it went down.

    `owed` is a part of a frame that the stack tool has not shown yet.
    """

    pointer_id: int
    tool: str
    touch: bool
    start_x: float
    start_y: float
    x: float
    y: float
    before: Pane
    moved: bool = False
    owed: float = 0.0


@dataclass(frozen=True)
class Finger:
    """Where one finger of a pinch is."""

    pointer_id: int
    x: float
    y: float


@dataclass(frozen=True)
class Pinch:
    """Two fingers zoom and pan."""

    first: Finger
    second: Finger


@dataclass(frozen=True)
class Lifting:
    """One finger of a pinch has gone; the other does nothing until it goes too."""

    pointer_id: int


Gesture = Idle | Drag | Pinch | Lifting
Outcome = tuple[Gesture, tuple[Call, ...]]

_BUTTON_TOOLS = {1: "pan", 2: "window"}


def step(gesture: Gesture, event: PointerEvent, state: ViewerState) -> Outcome:
    """Return the next gesture and the calls that `event` means in `state`."""
    if isinstance(gesture, Drag):
        return _in_drag(gesture, event, state)
    if isinstance(gesture, Pinch):
        return _in_pinch(gesture, event)
    if isinstance(gesture, Lifting):
        return _in_lifting(gesture, event)
    if event.kind is PointerKind.DOWN:
        return _begin(event, state), ()
    return gesture, ()


def _begin(event: PointerEvent, state: ViewerState) -> Drag:
    tool = state.tool if event.touch else _BUTTON_TOOLS.get(event.button, state.tool)
    return Drag(
        pointer_id=event.pointer_id,
        tool=tool,
        touch=event.touch,
        start_x=event.x,
        start_y=event.y,
        x=event.x,
        y=event.y,
        before=state.pane(),
    )


def _in_drag(drag: Drag, event: PointerEvent, state: ViewerState) -> Outcome:
    if event.kind is PointerKind.DOWN and event.pointer_id != drag.pointer_id:
        return _second_pointer(drag, event)
    if event.pointer_id != drag.pointer_id:
        return drag, ()
    if event.kind in (PointerKind.UP, PointerKind.CANCEL):
        return Idle(), ()
    if event.kind is PointerKind.DOWN:
        return _begin(event, state), ()
    away = math.hypot(event.x - drag.start_x, event.y - drag.start_y)
    if drag.touch and not drag.moved and away < TOUCH_SLOP:
        return drag, ()
    owed, calls = _DRAGS[drag.tool](drag, event, state)
    return replace(drag, x=event.x, y=event.y, moved=True, owed=owed), calls


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
    return (
        Call("viewport.set", {"zoom": view.zoom, "pan_x": view.pan_x, "pan_y": view.pan_y}),
        window,
        Call("stack.go", {"frame": pane.frame_index}),
    )


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


ToolOutcome = tuple[float, tuple[Call, ...]]


def _drag_pan(drag: Drag, event: PointerEvent, _state: ViewerState) -> ToolOutcome:
    return 0.0, (Call("viewport.pan", {"x": event.x - drag.x, "y": event.y - drag.y}),)


def _drag_window(drag: Drag, event: PointerEvent, state: ViewerState) -> ToolOutcome:
    if state.active_frame() is None:
        return 0.0, ()
    # The step follows the window that was there, so CT, MR and 8-bit pictures feel alike.
    a_pixel = max(shown_window(state.with_pane(drag.before)).width / _WINDOW_DRAG, 1e-3)
    return 0.0, (
        Call(
            "window.adjust",
            {
                "delta_width": (event.x - drag.x) * a_pixel,
                "delta_center": (event.y - drag.y) * a_pixel,
            },
        ),
    )


def _drag_zoom(drag: Drag, event: PointerEvent, _state: ViewerState) -> ToolOutcome:
    factor = math.exp((drag.y - event.y) / _ZOOM_DRAG)
    factor = min(max(factor, 0.1), 10.0)
    return 0.0, (Call("viewport.zoom", {"factor": factor, "x": drag.start_x, "y": drag.start_y}),)


def _drag_stack(drag: Drag, event: PointerEvent, state: ViewerState) -> ToolOutcome:
    count = frame_count(state)
    if count < 2:
        return 0.0, ()
    a_frame = min(max(state.canvas.height / count, _LEAST_DRAG), _MOST_DRAG)
    owed = drag.owed + (event.y - drag.y) / a_frame
    whole = math.trunc(owed)
    return owed - whole, (Call("stack.scroll", {"by": whole}),) if whole else ()


_DRAGS: dict[str, Callable[[Drag, PointerEvent, ViewerState], ToolOutcome]] = {
    "pan": _drag_pan,
    "window": _drag_window,
    "zoom": _drag_zoom,
    "stack": _drag_stack,
}
