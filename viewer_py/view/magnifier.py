"""The magnifier (放大镜; B-26, C-11): where its lens lies, and what pointers do with it."""

from __future__ import annotations

from dataclasses import dataclass

from viewer_py.view.calls import Call
from viewer_py.view.gestures import Drag, Gesture, PointerEvent, PointerKind, Work
from viewer_py.view.state import ViewerState

TOOL = "magnifier"
FACTORS = (2.0, 3.0, 4.0)
_SIZE, _SMALL_SIZE = 220.0, 176.0  # CSS pixels across
_SMALL_SCREEN = 600.0
_FINGER = 44.0  # CSS pixels that a finger covers beside the point it touches


@dataclass(frozen=True)
class LensPlace:
    """The square of the lens, CSS pixels of the reading area."""

    left: float
    top: float
    size: float


def lens_place(state: ViewerState) -> LensPlace | None:
    """Return where the lens lies; None while it is not shown.

    About the pointer; over a finger, or beside it where there is no room above. It never leaves the
    reading area.
    """
    lens, canvas = state.lens, state.canvas
    if not lens.shown:
        return None
    small = min(canvas.width, canvas.height) < _SMALL_SCREEN
    size = min(_SMALL_SIZE if small else _SIZE, canvas.width, canvas.height)
    left, top = lens.x - size / 2, lens.y - size / 2
    if lens.beside:
        top = lens.y - _FINGER - size
        if top < 0:
            to_left = lens.x - _FINGER - size
            left = to_left if to_left >= 0 else lens.x + _FINGER
    return LensPlace(
        min(max(left, 0.0), canvas.width - size), min(max(top, 0.0), canvas.height - size), size
    )


def lens_calls(gesture: Gesture, event: PointerEvent, state: ViewerState) -> tuple[Call, ...]:
    """Return the calls that show, move or hide the lens; `gesture` is what `event` led to.

    A mouse takes the lens along, pressed or not; a finger only while it is down. A finger that
    draws covers the very place that it sets: there the lens comes by itself.
    """
    if isinstance(gesture, Work) and gesture.touch and gesture.moved:
        return (Call("magnifier.at", {"x": event.x, "y": event.y, "place": "beside"}),)
    gone = (Call("magnifier.hide"),) if state.lens.shown else ()
    if state.tool != TOOL:
        return gone
    working = isinstance(gesture, Drag) and gesture.tool == TOOL
    ends = event.kind is PointerKind.CANCEL or (event.touch and not working)
    if ends:
        return gone
    if isinstance(gesture, Drag) and not working:
        return ()
    place = "beside" if event.touch else "over"
    return (Call("magnifier.at", {"x": event.x, "y": event.y, "place": place}),)
