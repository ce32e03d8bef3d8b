"""Series navigation (序列选择, B-18, B-45)."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Choice, Command, CommandError, Kind
from viewer_py.view.reformatting import closed
from viewer_py.view.state import Pane, SeriesEntry, ViewerState, Viewport


def middle_frame(frame_count: int) -> int:
    """Return the frame a series opens on: the middle one, where the anatomy is."""
    return max(frame_count // 2, 0)


def opened(state: ViewerState, entry: SeriesEntry, frame_index: int) -> ViewerState:
    """Return the state with `entry` in the active pane, its view as new; reformats are closed."""
    state = closed(state)
    pane = Pane(
        series_id=entry.series_id,
        frame_index=frame_index,
        viewport=Viewport(),
        tile=state.pane().tile,
    )
    playback = replace(state.playback, first=None, last=None, returning=False)
    return replace(state.with_pane(pane), playing=False, playback=playback)


def open_series(state: ViewerState, args: Arguments) -> ViewerState:
    """Show another series of the study, on its middle image or on `frame`."""
    entries = [one for one in state.catalogue if one.series_id == args["series_id"]]
    if not entries:
        raise CommandError("检查中没有这个序列 / the study has no such series")
    frame_index = int(args.get("frame", middle_frame(entries[0].frame_count)))
    if not 0 <= frame_index < max(entries[0].frame_count, 1):
        raise CommandError("没有这一幅影像 / there is no such image")
    return opened(state, entries[0], frame_index)


def step(state: ViewerState, args: Arguments) -> ViewerState:
    """Go `by` series on or back, stopping at the ends of the list."""
    ids = [one.series_id for one in state.catalogue]
    current = state.pane().series_id
    if current not in ids:
        raise CommandError("影像尚未载入 / no image is loaded yet")
    position = min(max(ids.index(current) + int(args["by"]), 0), len(ids) - 1)
    if ids[position] == current:
        return state
    entry = state.catalogue[position]
    return opened(state, entry, middle_frame(entry.frame_count))


COMMANDS = (
    Command(
        name="series.open",
        label="打开序列",
        label_en="Open series",
        apply=open_series,
        gesture="tap",
        arguments=(
            Argument("series_id", str),
            Argument("frame", int, 0, 1_000_000, optional=True),
        ),
    ),
    Command(
        name="series.step",
        label="切换序列",
        label_en="Change series",
        apply=step,
        kind=Kind.ACTION,
        arguments=(Argument("by", int, -1000, 1000),),
        choices=(
            Choice("上一序列", "Previous series", {"by": -1}, key="ArrowLeft"),
            Choice("下一序列", "Next series", {"by": 1}, key="ArrowRight"),
        ),
    ),
)
