"""Invert (反像, B-27)."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Arguments, Command, Kind
from viewer_py.view.state import ViewerState


def invert(state: ViewerState, _args: Arguments) -> ViewerState:
    """Reverse light and dark."""
    pane = state.pane()
    return state.with_pane(replace(pane, inverted=not pane.inverted))


COMMANDS = (
    Command(
        name="image.invert",
        label="反像",
        label_en="Invert",
        apply=invert,
        kind=Kind.TOGGLE,
        group="image",
        icon="circle-half-2",
        key="i",
        current=lambda state: state.pane().inverted,
    ),
)
