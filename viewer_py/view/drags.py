"""What each tool does while it is dragged: one function a tool, from a move to command calls.

A tool answers with the part of a frame it still owes (the stack tool's) and its calls.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from viewer_py.view.calls import Call
from viewer_py.view.commands.stack import frame_count
from viewer_py.view.commands.window import shown_window
from viewer_py.view.cross_hair import cross_hair_on_screen
from viewer_py.view.gestures import Drag, PointerEvent
from viewer_py.view.layout import pane_place, pane_size
from viewer_py.view.state import ViewerState

_WINDOW_DRAG = 300.0  # CSS pixels of drag that change the window by its own width
_MOST_ZOOM_A_MOVE = 10.0
_ZOOM_DRAG = 200.0  # CSS pixels of drag that enlarge e-fold
_DEGREES_A_PIXEL = 0.5
_LEAST_DRAG, _MOST_DRAG = 2.0, 14.0  # CSS pixels a frame when the stack is dragged

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
    farthest = math.log(_MOST_ZOOM_A_MOVE)
    exponent = (drag.y - event.y) / _ZOOM_DRAG
    factor = math.exp(min(max(exponent, -farthest), farthest))
    return 0.0, (Call("viewport.zoom", {"factor": factor, "x": drag.start_x, "y": drag.start_y}),)


def _drag_stack(drag: Drag, event: PointerEvent, state: ViewerState) -> ToolOutcome:
    count = frame_count(state)
    if count < 2:
        return 0.0, ()
    a_frame = min(max(pane_size(state).height / count, _LEAST_DRAG), _MOST_DRAG)
    owed = drag.owed + (event.y - drag.y) / a_frame
    whole = math.trunc(owed)
    return owed - whole, (Call("stack.scroll", {"by": whole}),) if whole else ()


def _drag_cross_hair(_drag: Drag, event: PointerEvent, _state: ViewerState) -> ToolOutcome:
    return 0.0, (Call("mpr.pick", {"x": event.x, "y": event.y}),)


def _drag_line(drag: Drag, event: PointerEvent, state: ViewerState) -> ToolOutcome:
    """Turn the lines by the angle that the pointer has gone round their centre."""
    center = cross_hair_on_screen(state)
    if center is None:
        return 0.0, ()
    before = math.atan2(drag.y - center[1], drag.x - center[0])
    now = math.atan2(event.y - center[1], event.x - center[0])
    degrees = math.degrees(math.remainder(now - before, math.tau))
    return 0.0, (Call("mpr.turn", {"degrees": degrees}),)


def _drag_rotate(drag: Drag, event: PointerEvent, state: ViewerState) -> ToolOutcome:
    """Turn the picture by the angle that the pointer has gone round the middle of the pane."""
    (left, top), size = pane_place(state), pane_size(state)
    x, y = left + size.width / 2, top + size.height / 2
    before = math.atan2(drag.y - y, drag.x - x)
    now = math.atan2(event.y - y, event.x - x)
    degrees = math.degrees(math.remainder(now - before, math.tau))
    return 0.0, (Call("viewport.rotate", {"degrees": degrees}),)


def _drag_point(_drag: Drag, event: PointerEvent, _state: ViewerState) -> ToolOutcome:
    return 0.0, (Call("reference.pick", {"x": event.x, "y": event.y}),)


def _drag_lens(_drag: Drag, _event: PointerEvent, _state: ViewerState) -> ToolOutcome:
    return 0.0, ()  # `magnifier.lens_calls` takes it along, pressed or not


def _drag_orbit(drag: Drag, event: PointerEvent, _state: ViewerState) -> ToolOutcome:
    turns = {
        "right": (event.x - drag.x) * _DEGREES_A_PIXEL,
        "down": (event.y - drag.y) * _DEGREES_A_PIXEL,
    }
    return 0.0, (Call("rendering.rotate", turns),)


DRAGS: dict[str, Callable[[Drag, PointerEvent, ViewerState], ToolOutcome]] = {
    "pan": _drag_pan,
    "window": _drag_window,
    "zoom": _drag_zoom,
    "stack": _drag_stack,
    "crosshair": _drag_cross_hair,
    "turn": _drag_line,
    "rotate": _drag_rotate,
    "magnifier": _drag_lens,
    "localizer": _drag_point,
    "orbit": _drag_orbit,
}
