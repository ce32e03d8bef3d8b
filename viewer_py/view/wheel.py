"""The wheel: scrolls the stack; with Ctrl (or a pinch on a touch pad) it zooms."""

from __future__ import annotations

import math
from dataclasses import dataclass

from viewer_py.view.calls import Call

_NOTCH = 40.0  # CSS pixels; a mouse notch gives more, a touch pad many small amounts
_ZOOM_WHEEL = 400.0


@dataclass(frozen=True)
class WheelEvent:
    """A wheel event: place in CSS pixels and the amount in CSS pixels, down positive."""

    x: float
    y: float
    delta: float
    ctrl: bool = False


def turn(owed: float, event: WheelEvent) -> tuple[float, tuple[Call, ...]]:
    """Return the amount still owed and the calls; one mouse notch is one image."""
    if event.ctrl:
        factor = math.exp(-min(max(event.delta, -200.0), 200.0) / _ZOOM_WHEEL)
        return 0.0, (Call("viewport.zoom", {"factor": factor, "x": event.x, "y": event.y}),)
    if abs(event.delta) >= _NOTCH:
        return 0.0, (Call("stack.scroll", {"by": 1 if event.delta > 0 else -1}),)
    total = owed + event.delta
    whole = math.trunc(total / _NOTCH)
    if not whole:
        return total, ()
    return total - whole * _NOTCH, (Call("stack.scroll", {"by": whole}),)
