"""Cine (动态播放; B-22, B-34, C-19): playing, how fast, which way, between which images."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Choice, Command, CommandError, Entry, Kind
from viewer_py.view.commands.stack import frame_count, frame_number
from viewer_py.view.reading_modes import PlayDirection
from viewer_py.view.state import ViewerState

_FAR = 1_000_000
_SLOWEST, _FASTEST = 1.0, 60.0


def toggle(state: ViewerState, _args: Arguments) -> ViewerState:
    """Play or pause the series in the active pane."""
    if not state.playing and (state.active_series() is None or frame_count(state) < 2):
        raise CommandError("此序列只有一幅影像 / this series has one image only")
    playback = replace(state.playback, returning=False)
    return replace(state, playing=not state.playing, playback=playback)


def rate(state: ViewerState, args: Arguments) -> ViewerState:
    """Set how many frames a second cine shows."""
    return replace(state, frames_per_second=float(args["frames_per_second"]))


def direction(state: ViewerState, args: Arguments) -> ViewerState:
    """Play forward, backward, or to and fro."""
    playback = replace(
        state.playback, direction=PlayDirection(str(args["direction"])), returning=False
    )
    return replace(state, playback=playback)


def loop(state: ViewerState, args: Arguments) -> ViewerState:
    """Play between images `first` and `last` (from 1, both in it); without them, all of them.

    Raises CommandError where `last` comes before `first`.
    """
    first, last = args.get("first"), args.get("last")
    if first is not None and last is not None and int(last) < int(first):
        raise CommandError("终点须在起点之后 / the last image must come after the first")
    playback = replace(
        state.playback,
        first=None if first is None else int(first) - 1,
        last=None if last is None else int(last) - 1,
    )
    return replace(state, playback=playback)


def begin_here(state: ViewerState, _args: Arguments) -> ViewerState:
    """Make the image on the screen the first that cine shows."""
    here = frame_number(state)
    last = state.playback.last
    kept = last if last is None or last >= here else None
    return replace(state, playback=replace(state.playback, first=here, last=kept))


def end_here(state: ViewerState, _args: Arguments) -> ViewerState:
    """Make the image on the screen the last that cine shows."""
    here = frame_number(state)
    first = state.playback.first
    kept = first if first is None or first <= here else None
    return replace(state, playback=replace(state.playback, first=kept, last=here))


def whole(state: ViewerState, _args: Arguments) -> ViewerState:
    """Play the whole series again."""
    return replace(state, playback=replace(state.playback, first=None, last=None))


def _range(state: ViewerState) -> dict[str, int]:
    playback, count = state.playback, max(frame_count(state), 1)
    last = count if playback.last is None else min(playback.last + 1, count)
    return {"first": min((playback.first or 0) + 1, last), "last": last}


COMMANDS = (
    Command(
        name="cine.toggle",
        label="播放",
        label_en="Play",
        apply=toggle,
        kind=Kind.TOGGLE,
        group="stack",
        sheet="cine",
        icon="player-play",
        key="Space",
        current=lambda state: state.playing,
    ),
    Command(
        name="cine.rate",
        label="速度（幅/秒）",
        label_en="Images a second",
        apply=rate,
        kind=Kind.ACTION,
        sheet="cine",
        arguments=(Argument("frames_per_second", float, _SLOWEST, _FASTEST),),
        choices=tuple(
            Choice(str(rate), str(rate), {"frames_per_second": float(rate)})
            for rate in (5, 10, 15, 30)
        ),
        entry=Entry.SLIDER,
        values=lambda state: {"frames_per_second": state.frames_per_second},
    ),
    Command(
        name="cine.direction",
        label="方向",
        label_en="Direction",
        apply=direction,
        kind=Kind.RADIO,
        sheet="cine",
        arguments=(Argument("direction", str, allowed=tuple(map(str, PlayDirection))),),
        choices=(
            Choice("正放", "Forward", {"direction": "forward"}),
            Choice("倒放", "Backward", {"direction": "backward"}),
            Choice("往返", "To and fro", {"direction": "both"}),
        ),
        current=lambda state: str(state.playback.direction),
    ),
    Command(
        name="cine.range",
        label="循环范围",
        label_en="Loop range",
        apply=loop,
        kind=Kind.ACTION,
        sheet="cine",
        arguments=(
            Argument("first", int, 1, _FAR, optional=True, label="从", label_en="From"),
            Argument("last", int, 1, _FAR, optional=True, label="到", label_en="To"),
        ),
        entry=Entry.FIELDS,
        values=_range,
    ),
    Command(
        name="cine.begin",
        label="从当前幅开始",
        label_en="From here",
        apply=begin_here,
        kind=Kind.ACTION,
        sheet="cine",
    ),
    Command(
        name="cine.end",
        label="到当前幅为止",
        label_en="To here",
        apply=end_here,
        kind=Kind.ACTION,
        sheet="cine",
    ),
    Command(
        name="cine.whole",
        label="全部",
        label_en="All images",
        apply=whole,
        kind=Kind.ACTION,
        sheet="cine",
    ),
)
