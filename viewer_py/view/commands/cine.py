"""Cine (动态播放, B-22)."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Command, CommandError, Kind
from viewer_py.view.commands.stack import frame_count
from viewer_py.view.state import ViewerState


def toggle(state: ViewerState, _args: Arguments) -> ViewerState:
    """Play or pause the series in the active pane."""
    if not state.playing and (state.active_series() is None or frame_count(state) < 2):
        raise CommandError("此序列只有一幅影像 / this series has one image only")
    return replace(state, playing=not state.playing)


def rate(state: ViewerState, args: Arguments) -> ViewerState:
    """Set how many frames a second cine shows."""
    return replace(state, frames_per_second=float(args["frames_per_second"]))


COMMANDS = (
    Command(
        name="cine.toggle",
        label="播放",
        label_en="Play",
        apply=toggle,
        kind=Kind.TOGGLE,
        group="stack",
        icon="player-play",
        key="Space",
        current=lambda state: state.playing,
    ),
    Command(
        name="cine.rate",
        label="播放速度",
        label_en="Frame rate",
        apply=rate,
        arguments=(Argument("frames_per_second", float, 1.0, 60.0),),
    ),
)
