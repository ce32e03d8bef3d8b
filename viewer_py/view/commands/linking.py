"""Switching on what panes do together (多序列对照, C-34)."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Arguments, Command, Kind
from viewer_py.view.state import ViewerState
from viewer_py.view.tiles import leaders


def scroll(state: ViewerState, _args: Arguments) -> ViewerState:
    """Let the panes scroll together, or each by itself.

    Series without a common frame of reference keep the offset that they have when this is switched
    on: unlink, adjust, link.
    """
    from viewer_py.view.linking import anchored  # not before the first picture

    on = not state.linking.scroll
    anchors = anchored(state) if on else ()
    return replace(state, linking=replace(state.linking, scroll=on, anchors=anchors, by_hand=on))


def zoom(state: ViewerState, _args: Arguments) -> ViewerState:
    """Let zoom and pan hold in all panes, or in each by itself."""
    return replace(state, linking=replace(state.linking, zoom=not state.linking.zoom))


def window(state: ViewerState, _args: Arguments) -> ViewerState:
    """Let the window hold in all panes of a modality, or in each by itself."""
    return replace(state, linking=replace(state.linking, window=not state.linking.window))


def _alone(state: ViewerState) -> str:
    if state.reformat is not None:
        return "MPR 各窗格已联动 / the reformats go together already"
    if len(leaders(state)) < 2:
        return "只显示了一个序列，请先选择布局 / only one series is shown: choose a lay-out first"
    return ""


COMMANDS = (
    Command(
        name="link.scroll",
        label="联动翻页",
        label_en="Scroll",
        apply=scroll,
        kind=Kind.TOGGLE,
        sheet="link",
        key="k",
        current=lambda state: state.linking.scroll,
        unavailable=_alone,
    ),
    Command(
        name="link.zoom",
        label="联动缩放",
        label_en="Zoom",
        apply=zoom,
        kind=Kind.TOGGLE,
        sheet="link",
        current=lambda state: state.linking.zoom,
        unavailable=_alone,
    ),
    Command(
        name="link.window",
        label="联动调窗",
        label_en="Window",
        apply=window,
        kind=Kind.TOGGLE,
        sheet="link",
        current=lambda state: state.linking.window,
        unavailable=_alone,
    ),
)
