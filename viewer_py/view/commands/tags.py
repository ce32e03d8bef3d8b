"""The table of DICOM elements (标签, C-27); the page fetches and shows it."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Arguments, Command, Kind
from viewer_py.view.state import ViewerState


def toggle(state: ViewerState, _args: Arguments) -> ViewerState:
    """Open or close the table of the image in the active pane."""
    return replace(state, shows_tags=not state.shows_tags)


COMMANDS = (
    Command(
        name="tags.toggle",
        label="标签",
        label_en="Tags",
        apply=toggle,
        kind=Kind.TOGGLE,
        group="studies",
        icon="file-text",
        key="T",
        current=lambda state: state.shows_tags,
    ),
)
