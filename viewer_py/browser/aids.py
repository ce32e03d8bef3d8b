"""What the page and `state()` are told of lens, bars, links, lines, tiles and cine."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from viewer_py.scene.model import PaneScene
from viewer_py.view.magnifier import TOOL, lens_place
from viewer_py.view.state import ViewerState
from viewer_py.view.toolbar import values_in_force


def lens_message(state: ViewerState) -> dict[str, Any] | None:
    """Return where the lens lies (CSS pixels), and its form; None while it is not shown."""
    place = lens_place(state)
    return None if place is None else {**asdict(place), "round": state.lens.round}


def aids_message(state: ViewerState) -> dict[str, Any]:
    """Return what the page needs beside the panes themselves."""
    return {"lens": lens_message(state), "values": values_in_force(state)}


def follows_pointer(state: ViewerState) -> bool:
    """Tell whether a mouse is followed while no button is pressed."""
    return state.tool == TOOL or state.annotations.draft is not None


_NO_OTHER_PANE = (
    "定位线显示在其他窗格的影像上，请先在“布局”中选择多个窗格 / "
    "Localiser lines lie over the images in other panes: choose several in Layout first"
)


def aids_hint(state: ViewerState) -> str:
    """Return what a reader should know who has switched on what one pane cannot show."""
    wants_lines = state.reference.shown or state.tool == "localizer"
    return _NO_OTHER_PANE if wants_lines and len(state.panes) == 1 else ""


def bar_message(scene: PaneScene) -> dict[str, Any] | None:
    """Return the colour bar of a pane."""
    return None if scene.color_bar is None else asdict(scene.color_bar)


def aids_report(state: ViewerState) -> dict[str, Any]:
    """Return the same for `state()`."""
    lens = state.lens
    return {
        "lens": {**asdict(lens), "place": lens_message(state)},
        "linking": asdict(state.linking),
        "reference": asdict(state.reference),
        "playback": asdict(state.playback),
        "tiles": asdict(state.pane().tile),
    }
