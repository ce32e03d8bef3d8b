"""Panes: how many, which one is active, one alone (B-43, C-07)."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import (
    Argument,
    Arguments,
    Choice,
    Command,
    CommandError,
    Entry,
    Kind,
    Value,
)
from viewer_py.view.layout import pane_at
from viewer_py.view.resizing import kept_in_place
from viewer_py.view.state import Grid, Pane, SeriesEntry, ViewerState
from viewer_py.view.tiles import MOST_PANES, group_of, is_vacant, leaders, tiled

_FAR = 1e5
_MOST = 4  # areas, or tiles, along one side
GRIDS = (Grid(1, 1), Grid(2, 1), Grid(1, 2), Grid(2, 2), Grid(3, 2), Grid(3, 3))
TILES = (Grid(1, 1), Grid(2, 1), Grid(2, 2), Grid(3, 2), Grid(3, 3), Grid(4, 4))
_TOO_MANY = f"窗格不能多于 {MOST_PANES} 个 / there can be no more than {MOST_PANES} panes"


def set_grid(state: ViewerState, args: Arguments) -> ViewerState:
    """Show `columns` × `rows` series; the active one and its neighbours stay.

    New places show the series that follow in the study, as far as there are any. Reformats that are
    open are closed first. The image lay-out of each series stays. Raises CommandError for more
    panes than can be read.
    """
    from viewer_py.view.reformatting import closed

    state = closed(state)
    grid = Grid(int(args["columns"]), int(args["rows"]))
    count = grid.columns * grid.rows
    groups = [group_of(state, leader) for leader in leaders(state)]
    own = group_of(state, state.active_pane)
    kept = groups[:count]
    if own not in kept:  # the picture that is being read is never thrown away
        kept = [own, *groups[: count - 1]]
    panes = [state.panes[index] for group in kept for index in group]
    active = sum(len(group) for group in kept[: kept.index(own)]) + state.pane().tile.number
    for entry in _following(state, panes, state.pane().series_id)[: count - len(kept)]:
        panes.append(Pane(series_id=entry.series_id, frame_index=_opening(entry)))
    empty = count - sum(pane.tile.number == 0 for pane in panes)
    panes += [Pane()] * empty
    if len(panes) > MOST_PANES:
        raise CommandError(_TOO_MANY)
    return replace(state, grid=grid, panes=tuple(panes), active_pane=active, maximized=False)


def _opening(entry: SeriesEntry) -> int:
    from viewer_py.view.commands.series import middle_frame

    return middle_frame(entry.frame_count)


def _following(state: ViewerState, panes: list[Pane], after: str | None) -> list[SeriesEntry]:
    """Return the series of the study that no pane shows, from the one after `after` on."""
    shown = {pane.series_id for pane in panes}
    ids = [entry.series_id for entry in state.catalogue]
    start = ids.index(after) + 1 if after in ids else 0
    around = (*state.catalogue[start:], *state.catalogue[:start])
    return [entry for entry in around if entry.series_id not in shown]


def set_tiles(state: ViewerState, args: Arguments) -> ViewerState:
    """Show the active series as `columns` × `rows` consecutive images; the others stay as they are.

    Reformats that are open are closed first. Raises CommandError for more panes than can be read.
    """
    from viewer_py.view.reformatting import closed

    state = closed(state)
    columns, rows = int(args["columns"]), int(args["rows"])
    if len(state.panes) - state.pane().tile.count + columns * rows > MOST_PANES:
        raise CommandError(_TOO_MANY)
    return replace(tiled(state, columns, rows), maximized=False)


def activate(state: ViewerState, args: Arguments) -> ViewerState:
    """Make pane `pane` (0 is the first) the one that tools, keys and slider work on."""
    index = int(args["pane"])
    if index >= len(state.panes):
        raise CommandError("没有这个窗格 / there is no such pane")
    if index == state.active_pane or is_vacant(state.panes[index]):
        return state
    return replace(state, active_pane=index, playing=False)


def open_in(state: ViewerState, args: Arguments) -> ViewerState:
    """Show a series in the pane under (`x`, `y`), CSS pixels, which becomes the active one."""
    from viewer_py.view.commands.series import open_series
    from viewer_py.view.reformatting import closed

    state = closed(state)
    index = pane_at(state, float(args["x"]), float(args["y"]))
    state = replace(state, active_pane=group_of(state, index).start)
    return open_series(state, {"series_id": args["series_id"]})


def maximize(state: ViewerState, _args: Arguments) -> ViewerState:
    """Show the active pane alone, or all panes again."""
    changed = replace(state, maximized=not state.maximized and len(state.panes) > 1)
    return kept_in_place(state, changed)


def _shown_grid(state: ViewerState) -> dict[str, Value] | None:
    if state.reformat is not None:
        return None
    return {"columns": state.grid.columns, "rows": state.grid.rows}


def _shown_tiles(state: ViewerState) -> dict[str, Value]:
    tile = state.pane().tile
    return {"columns": tile.columns, "rows": tile.rows}


def _choices(grids: tuple[Grid, ...]) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            f"{grid.columns}×{grid.rows}",
            f"{grid.columns}×{grid.rows}",
            {"columns": grid.columns, "rows": grid.rows},
        )
        for grid in grids
    )


_COLUMNS_ROWS = (
    Argument("columns", int, 1, _MOST, label="列", label_en="Columns"),
    Argument("rows", int, 1, _MOST, label="行", label_en="Rows"),
)

COMMANDS = (
    Command(
        name="layout.set",
        label="序列布局",
        label_en="Series",
        apply=set_grid,
        kind=Kind.RADIO,
        sheet="layout",
        arguments=_COLUMNS_ROWS,
        choices=_choices(GRIDS),
        current=_shown_grid,
        entry=Entry.FIELDS,
        values=lambda state: {"columns": state.grid.columns, "rows": state.grid.rows},
    ),
    Command(
        name="layout.tiles",
        label="图像布局",
        label_en="Images",
        apply=set_tiles,
        kind=Kind.RADIO,
        sheet="layout",
        arguments=_COLUMNS_ROWS,
        choices=_choices(TILES),
        current=_shown_tiles,
        entry=Entry.FIELDS,
        values=_shown_tiles,
    ),
    Command(
        name="layout.maximize",
        label="单窗格",
        label_en="One pane",
        apply=maximize,
        kind=Kind.TOGGLE,
        group="planes",
        icon="maximize",
        key="f",
        gesture="double-tap",
        current=lambda state: state.maximized,
        unavailable=lambda state: (
            "" if len(state.panes) > 1 else "只有一个窗格 / there is one pane only"
        ),
    ),
    Command(
        name="pane.open",
        label="在此窗格打开",
        label_en="Open in this pane",
        apply=open_in,
        gesture="drag a series",
        arguments=(
            Argument("series_id", str),
            Argument("x", float, -_FAR, _FAR),
            Argument("y", float, -_FAR, _FAR),
        ),
    ),
    Command(
        name="pane.activate",
        label="选中窗格",
        label_en="Choose pane",
        apply=activate,
        gesture="tap",
        arguments=(Argument("pane", int, 0, MOST_PANES - 1),),
    ),
)
