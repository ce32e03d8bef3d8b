"""The command table: everything a reader can do, one row a command (design, "Commands in")."""

from __future__ import annotations

from collections.abc import Mapping

from viewer_py.view.command import Command, CommandError, checked_arguments
from viewer_py.view.commands import (
    cine,
    curve,
    fusion,
    habits,
    hanging,
    history,
    image,
    key_images,
    layout,
    linking,
    magnifier,
    mark_drawing,
    mark_editing,
    mark_list,
    mark_tools,
    mpr,
    overlays,
    reference_lines,
    rendering,
    series,
    stack,
    tags,
    tools,
    viewport,
    window,
)
from viewer_py.view.following import followed
from viewer_py.view.state import ViewerState

COMMANDS: tuple[Command, ...] = (
    *tools.COMMANDS,
    *habits.COMMANDS,
    *window.COMMANDS,
    *viewport.COMMANDS,
    *image.COMMANDS,
    *overlays.COMMANDS,
    *mark_tools.COMMANDS,
    *mark_editing.COMMANDS,
    *mark_list.COMMANDS,
    *mark_drawing.COMMANDS,
    *layout.COMMANDS,
    *hanging.COMMANDS,
    *linking.COMMANDS,
    *reference_lines.COMMANDS,
    *magnifier.COMMANDS,
    *mpr.COMMANDS,
    *curve.COMMANDS,
    *rendering.COMMANDS,
    *fusion.COMMANDS,
    *cine.COMMANDS,
    *stack.COMMANDS,
    *series.COMMANDS,
    *history.COMMANDS,
    *tags.COMMANDS,
    *key_images.COMMANDS,
)

_BY_NAME = {command.name: command for command in COMMANDS}


def find(name: str) -> Command:
    """Return the command called `name`; raises CommandError when there is none."""
    if name not in _BY_NAME:
        raise CommandError(f"未知命令 {name} / there is no command {name}")
    return _BY_NAME[name]


def run(state: ViewerState, name: str, args: Mapping[str, object] | None = None) -> ViewerState:
    """Carry out one command, let linked panes and tiles follow, and return the new state.

    Raises CommandError, in words, when the command is unknown, an argument is wrong or the state
    does not allow it; the given state is then still in force.
    """
    command = find(name)
    return followed(state, command.apply(state, checked_arguments(command, args or {})))
