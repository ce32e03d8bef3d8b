"""How a reader is used to working: what is remembered for him from one reading to the next.

The names under which it is kept are those of the server's preferences (server/preferences.py).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from viewer_py.view import mouse_mapping
from viewer_py.view.mouse_mapping import FREE, MAPPINGS
from viewer_py.view.reading_modes import Linking


class Reader(enum.StrEnum):
    """For whom the page is laid out (C-43: the tools are the same)."""

    PATIENT = "patient"
    DOCTOR = "doctor"


@dataclass(frozen=True)
class Habits:
    """What is remembered, and for whom the page is laid out (which is not).

    `toolbar` stands at the "top" or "bottom" (C-28); `navigation` and `report` tell whether these
    stand beside the picture; `keys` whether single keys are commands (WCAG 2.1.4).
    """

    reader: Reader = Reader.PATIENT
    mouse: str = mouse_mapping.DEFAULT
    toolbar: str = "top"
    navigation: bool = True
    report: bool = False
    keys: bool = True


NO_HABITS = Habits()
TOOLBAR_PLACES = ("top", "bottom")
_LINKED, _LINKS = "linked_", ("scroll", "zoom", "window")
_ALLOWED: dict[str, tuple[object, ...]] = {
    "mouse": tuple(one.name for one in MAPPINGS),
    "toolbar": TOOLBAR_PLACES,
}
_REMEMBERED = tuple(field.name for field in fields(Habits) if field.name != "reader")
_SWITCHES = frozenset(_REMEMBERED) - set(_ALLOWED) | {f"{_LINKED}{name}" for name in _LINKS}


def may_be_kept(name: str, value: object) -> bool:
    """Tell whether `value` is one that the habit called `name` can have."""
    if name in _ALLOWED:
        return value in _ALLOWED[name]
    return name in _SWITCHES and isinstance(value, bool)


def habits_of(reader: Reader, kept: Mapping[str, object]) -> Habits:
    """Return the habits of a reader; what is unknown or of another form is passed over."""
    fitting = {name: kept[name] for name in _REMEMBERED if may_be_kept(name, kept.get(name))}
    return replace(Habits(reader), **fitting)  # type: ignore[arg-type]


def linking_of(kept: Mapping[str, object]) -> Linking:
    """Return what panes do together from the beginning, as it is remembered."""
    scroll, zoom, window = (kept.get(f"{_LINKED}{name}") is True for name in _LINKS)
    return Linking(scroll, zoom, window)


def remembered(habits: Habits, linking: Linking) -> dict[str, str | bool]:
    """Return what is to be kept, by the names under which it is."""
    kept: dict[str, str | bool] = {name: getattr(habits, name) for name in _REMEMBERED}
    return kept | {f"{_LINKED}{name}": bool(getattr(linking, name)) for name in _LINKS}


def resting_tool(habits: Habits) -> str:
    """Return the tool while none is chosen: a doctor's buttons have theirs, a patient pans."""
    return FREE if habits.reader is Reader.DOCTOR else "pan"
