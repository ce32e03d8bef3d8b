"""What the toolbar shows of the state: what is pressed, what fits the modality."""

from __future__ import annotations

from viewer_py.view.command import Command, Kind, Value, fits
from viewer_py.view.commands import COMMANDS
from viewer_py.view.state import ViewerState

GROUPS = ("tool", "window", "image", "zoom", "turn", "reset")


def toolbar_commands() -> tuple[Command, ...]:
    """Return the commands of the tool strip, in the order of `GROUPS`.

    Paging and cine ("stack", "paging") have their own row beside the slider.
    """
    return tuple(
        command
        for group in GROUPS
        for command in COMMANDS
        if command.group == group and command.kind is not Kind.API
    )


def in_force(state: ViewerState) -> dict[str, Value]:
    """Return, by command name, what is pressed or chosen now."""
    values: dict[str, Value] = {}
    for command in COMMANDS:
        value = command.current(state) if command.current else None
        if value is not None:
            values[command.name] = value
    return values


def unfitting(state: ViewerState) -> tuple[str, ...]:
    """Return "name" or "name/choice number" of every button that does not fit the modality."""
    series = state.active_series()
    modality = series.modality if series else ""
    names: list[str] = []
    for command in toolbar_commands():
        if not fits(command.modalities, modality):
            names.append(command.name)
        names += [
            f"{command.name}/{number}"
            for number, choice in enumerate(command.choices)
            if not fits(choice.modalities, modality)
        ]
    return tuple(names)
