"""What a command is: a name, typed arguments and a pure function from state to state.

Toolbar, keyboard, gestures, the embedding API and the tests all go through `run`.
"""

from __future__ import annotations

import enum
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from viewer_py.view.state import ViewerState

Value = float | int | str | bool
Current = Value | Mapping[str, Value]
Arguments = Mapping[str, Value]


class CommandError(ValueError):
    """The command cannot be carried out; the message says why, Chinese first."""


class Entry(enum.StrEnum):
    """How a reader gives a command its numbers, besides its ready-made choices."""

    NONE = ""
    SLIDER = "slider"  # the first argument, dragged
    FIELDS = "fields"  # every argument, written, then Enter


class Kind(enum.StrEnum):
    """How the toolbar shows a command."""

    ACTION = "action"  # pressed and over
    TOGGLE = "toggle"  # on or off
    RADIO = "radio"  # one of its choices is in force
    MENU = "menu"  # one of its choices is in force, shown in a pop-up
    API = "api"  # no button: gestures, other pages and tests call it


@dataclass(frozen=True)
class Argument:
    """One argument of a command: its type, its limits, whether it may be left out.

    `label` names it where a reader writes its value; `step` is the smallest step of a slider.
    """

    name: str
    type: type[float] | type[int] | type[str]
    minimum: float = -math.inf
    maximum: float = math.inf
    allowed: tuple[str, ...] = ()
    optional: bool = False
    label: str = ""
    label_en: str = ""
    step: float = 1.0


@dataclass(frozen=True)
class Choice:
    """A ready-made call of a command, one button or menu entry.

    `modalities` empty means that it fits every modality; `mpr` that it needs open reformats;
    `unavailable` says in words why it cannot be used now, "" when it can.
    """

    label: str
    label_en: str
    args: Arguments = field(default_factory=dict)
    icon: str = ""
    key: str = ""
    modalities: tuple[str, ...] = ()
    mpr: bool = False
    unavailable: Callable[[ViewerState], str] | None = None


@dataclass(frozen=True)
class Command:
    """One row of the command table.

    `current` tells what is in force: a bool for a TOGGLE; for RADIO and MENU the value of the first
    argument, or all arguments.
    `sheet` names the pop-up (view.toolbar.SHEETS) in which its choices stand. `unavailable` says in
    words why the command cannot be used now, "" when it can.
    `entry` lets numbers be given; `values` tells those in force, by the arguments' names.
    """

    name: str
    label: str
    label_en: str
    apply: Callable[[ViewerState, Arguments], ViewerState]
    kind: Kind = Kind.API
    group: str = ""
    icon: str = ""
    key: str = ""
    gesture: str = ""
    sheet: str = ""
    modalities: tuple[str, ...] = ()
    arguments: tuple[Argument, ...] = ()
    choices: tuple[Choice, ...] = ()
    current: Callable[[ViewerState], Current | None] | None = None
    unavailable: Callable[[ViewerState], str] | None = None
    entry: Entry = Entry.NONE
    values: Callable[[ViewerState], Mapping[str, Value]] | None = None


def _is_finite(value: float) -> bool:
    """Say whether a number is one of floats; a whole number of 400 digits is none."""
    return abs(value) <= sys.float_info.max


def _number(argument: Argument, value: object) -> float | int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_finite(value):
        raise CommandError(f"{argument.name} 须为数字 / {argument.name} must be a number")
    if argument.type is int and value != int(value):
        raise CommandError(f"{argument.name} 须为整数 / {argument.name} must be a whole number")
    if not argument.minimum <= value <= argument.maximum:
        raise CommandError(
            f"{argument.name} 超出范围 / {argument.name} must lie between "
            f"{argument.minimum:g} and {argument.maximum:g}"
        )
    return int(value) if argument.type is int else float(value)


def _text(argument: Argument, value: object) -> str:
    if not isinstance(value, str):
        raise CommandError(f"{argument.name} 须为文字 / {argument.name} must be text")
    if argument.allowed and value not in argument.allowed:
        raise CommandError(
            f"{argument.name} 无此选项 / {argument.name} must be one of "
            f"{', '.join(argument.allowed)}"
        )
    return value


def checked_arguments(command: Command, args: Mapping[str, object]) -> dict[str, Value]:
    """Return `args` with the types of the table.

    Raises CommandError for an unknown, missing, mistyped or out-of-range argument.
    """
    known = {argument.name for argument in command.arguments}
    unknown = sorted(set(args) - known)
    if unknown:
        raise CommandError(f"未知参数 {unknown[0]} / {command.name} takes no {unknown[0]}")
    values: dict[str, Value] = {}
    for argument in command.arguments:
        if args.get(argument.name) is None:
            if not argument.optional:
                raise CommandError(f"缺少参数 {argument.name} / {argument.name} is missing")
            continue
        check = _text if argument.type is str else _number
        values[argument.name] = check(argument, args[argument.name])
    return values


def fits(modalities: tuple[str, ...], modality: str) -> bool:
    """Tell whether something limited to `modalities` (empty: no limit) fits `modality`."""
    return not modalities or modality in modalities
