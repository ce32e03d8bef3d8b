"""Going through the images of a series (B-15, C paging)."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Choice, Command, CommandError, Kind
from viewer_py.view.reformatting import go_to_plane, plane_number
from viewer_py.view.state import PaneKind, ViewerState

_FAR = 1_000_000
_TEN = 10  # images a page where the series is in one pane


def frame_count(state: ViewerState) -> int:
    """Return how many images the active pane has to go through, 0 while it is unknown.

    Those of its series, or the steps of its plane through the volume.
    """
    pane = state.pane()
    if pane.kind is PaneKind.PLANE:
        return plane_number(state, pane)[1]
    if pane.kind is not PaneKind.STACK:
        return 0
    series = state.active_series()
    if series is not None:
        return len(series.frames)
    entries = (one for one in state.catalogue if one.series_id == pane.series_id)
    return next((one.frame_count for one in entries), 0)


def frame_number(state: ViewerState) -> int:
    """Return which of its images the active pane shows, from 0."""
    pane = state.pane()
    return plane_number(state, pane)[0] if pane.kind is PaneKind.PLANE else pane.frame_index


def at_frame(state: ViewerState, index: int) -> ViewerState:
    """Return the state with the active pane on an image, the nearest one there is.

    Raises CommandError while nothing can be gone through.
    """
    last = frame_count(state) - 1
    if last < 0:
        raise CommandError("没有可翻阅的影像 / there are no images to go through")
    index = min(max(index, 0), last)
    pane = state.pane()
    if pane.kind is PaneKind.PLANE:
        return state if index == frame_number(state) else go_to_plane(state, index)
    return state.with_pane(replace(pane, frame_index=index))


def scroll(state: ViewerState, args: Arguments) -> ViewerState:
    """Go `by` images on (negative: back) and stop at the ends of the series."""
    return at_frame(state, frame_number(state) + int(args["by"]))


def page(state: ViewerState, args: Arguments) -> ViewerState:
    """Go `by` pages on: as many images as there are tiles, ten where there is one."""
    tiles = state.pane().tile.count
    return at_frame(state, frame_number(state) + int(args["by"]) * (tiles if tiles > 1 else _TEN))


def go(state: ViewerState, args: Arguments) -> ViewerState:
    """Go to image `frame` (0 is the first); an index outside the series is refused."""
    frame_index = int(args["frame"])
    if not 0 <= frame_index < frame_count(state):
        raise CommandError("没有这一幅影像 / there is no such image")
    return replace(at_frame(state, frame_index), playing=False)


COMMANDS = (
    Command(
        name="stack.scroll",
        label="翻页",
        label_en="Scroll",
        apply=scroll,
        kind=Kind.ACTION,
        group="paging",
        gesture="wheel",
        arguments=(Argument("by", int, -_FAR, _FAR),),
        choices=(
            Choice("上一幅", "Previous image", {"by": -1}, icon="chevron-left", key="ArrowUp"),
            Choice("下一幅", "Next image", {"by": 1}, icon="chevron-right", key="ArrowDown"),
            Choice("上一幅", "Previous image", {"by": -1}, key="PageUp"),
            Choice("下一幅", "Next image", {"by": 1}, key="PageDown"),
            Choice("第一幅", "First image", {"by": -_FAR}, key="Home"),
            Choice("最后一幅", "Last image", {"by": _FAR}, key="End"),
        ),
    ),
    Command(
        name="stack.page",
        label="整页翻阅",
        label_en="Pages",
        apply=page,
        kind=Kind.ACTION,
        sheet="layout",
        arguments=(Argument("by", int, -_FAR, _FAR),),
        choices=(
            Choice("上一页", "Previous page", {"by": -1}, key="["),
            Choice("下一页", "Next page", {"by": 1}, key="]"),
        ),
    ),
    Command(
        name="stack.go",
        label="到第几幅",
        label_en="Go to image",
        apply=go,
        gesture="slider",
        arguments=(Argument("frame", int, 0, _FAR),),
    ),
)
