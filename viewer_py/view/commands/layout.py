"""Panes: how many, which one is active, one alone (B-43, C-07)."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.command import Argument, Arguments, Choice, Command, CommandError, Kind, Value
from viewer_py.view.state import Grid, Pane, PaneKind, ViewerState

_MOST = 4  # panes along one side
GRIDS = (Grid(1, 1), Grid(2, 1), Grid(2, 2))


def set_grid(state: ViewerState, args: Arguments) -> ViewerState:
    """Show `columns` × `rows` panes; the active pane and its neighbours stay, new ones are empty.

    Reformats that are open are closed first.
    """
    from viewer_py.view.commands.mpr import closed

    state = closed(state)
    grid = Grid(int(args["columns"]), int(args["rows"]))
    count = grid.columns * grid.rows
    kept = state.panes[:count]
    active = state.active_pane
    if active >= count:  # the picture that is being read is never thrown away
        kept, active = (state.pane(), *state.panes[: count - 1]), 0
    panes = (*kept, *(Pane() for _ in range(count - len(kept))))
    return replace(state, grid=grid, panes=panes, active_pane=active, maximized=False)


def activate(state: ViewerState, args: Arguments) -> ViewerState:
    """Make pane `pane` (0 is the first) the one that tools, keys and slider work on."""
    index = int(args["pane"])
    if index >= len(state.panes):
        raise CommandError("没有这个窗格 / there is no such pane")
    if index == state.active_pane or state.panes[index].kind is PaneKind.EMPTY:
        return state
    return replace(state, active_pane=index, playing=False)


def maximize(state: ViewerState, _args: Arguments) -> ViewerState:
    """Show the active pane alone, or all panes again."""
    return replace(state, maximized=not state.maximized and len(state.panes) > 1)


def _shown_grid(state: ViewerState) -> dict[str, Value] | None:
    if state.reformat is not None:
        return None
    return {"columns": state.grid.columns, "rows": state.grid.rows}


COMMANDS = (
    Command(
        name="layout.set",
        label="布局",
        label_en="Layout",
        apply=set_grid,
        kind=Kind.RADIO,
        sheet="layout",
        arguments=(Argument("columns", int, 1, _MOST), Argument("rows", int, 1, _MOST)),
        choices=tuple(
            Choice(
                f"{grid.columns}×{grid.rows}",
                f"{grid.columns}×{grid.rows}",
                {"columns": grid.columns, "rows": grid.rows},
            )
            for grid in GRIDS
        ),
        current=_shown_grid,
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
        name="pane.activate",
        label="选中窗格",
        label_en="Choose pane",
        apply=activate,
        gesture="tap",
        arguments=(Argument("pane", int, 0, _MOST * _MOST - 1),),
    ),
)
