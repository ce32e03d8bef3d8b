"""Gestures and the pointer events they are made of: what `pointer.step` takes to the next one."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from viewer_py.view.state import Pane

TOUCH_SLOP = 6.0  # CSS pixels a finger may tremble before it drags
MOUSE_SLOP = 1.0
DOUBLE_SECONDS, DOUBLE_AWAY = 0.35, 30.0  # two taps, in time and CSS pixels


class PointerKind(enum.StrEnum):
    """What happened to a pointer."""

    DOWN = "down"
    MOVE = "move"
    UP = "up"
    CANCEL = "cancel"


@dataclass(frozen=True)
class PointerEvent:
    """One pointer event in CSS pixels from the top left of the reading area.

    `button` is that of the DOM (0 left, 1 middle, 2 right); `touch` is true for fingers; `time` is
    in seconds of any clock.
    """

    kind: PointerKind
    pointer_id: int
    x: float
    y: float
    button: int = 0
    touch: bool = False
    time: float = 0.0


@dataclass(frozen=True)
class Tap:
    """A pointer that went down and up without moving."""

    x: float
    y: float
    time: float


@dataclass(frozen=True)
class Idle:
    """No pointer is down; `tap` was the last one, if it was one."""

    tap: Tap | None = None


@dataclass(frozen=True)
class Drag:
    """One pointer works a tool; `before` is the pane as it was when it went down.

    `owed` is a part of a frame that the stack tool has not shown yet; `last` is the tap before.
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
    last: Tap | None = None


@dataclass(frozen=True)
class Work:
    """One pointer draws an annotation (`draws`), or moves one that it has taken hold of."""

    pointer_id: int
    touch: bool
    start_x: float
    start_y: float
    x: float = 0.0
    y: float = 0.0
    draws: bool = True
    moved: bool = False
    last: Tap | None = None


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


Gesture = Idle | Drag | Work | Pinch | Lifting
