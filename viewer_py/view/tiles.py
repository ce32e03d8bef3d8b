"""Tiles: consecutive images of one series in panes beside each other (C-07, image lay-out).

The tiles of a series are panes in a row; all show the look and the place of the one that the reader
works with, and the images that follow each other. `filled` keeps it so after every command.
"""

from __future__ import annotations

from dataclasses import replace

from viewer_py.view.reading_modes import Tile
from viewer_py.view.state import Pane, PaneKind, ViewerState

MOST_PANES = 64  # on the screen; more are too small to read, and too many to paint


def group_of(state: ViewerState, index: int) -> range:
    """Return the panes that show the series of pane `index` as tiles, itself among them."""
    tile = state.panes[index].tile
    return range(index - tile.number, index - tile.number + tile.count)


def leaders(state: ViewerState) -> tuple[int, ...]:
    """Return the first pane of every group of tiles; a pane that is no tile is its own."""
    return tuple(index for index, pane in enumerate(state.panes) if pane.tile.number == 0)


def images_of(state: ViewerState, series_id: str | None) -> int:
    """Return how many images a series has, as far as is known."""
    series = state.series_by_id(series_id)
    if series is not None:
        return len(series.frames)
    entries = (one.frame_count for one in state.catalogue if one.series_id == series_id)
    return next(entries, 0)


def tiled(state: ViewerState, columns: int, rows: int) -> ViewerState:
    """Return the state with the series of the active pane in `columns` × `rows` tiles.

    The image in the active pane becomes the first of them.
    """
    group = group_of(state, state.active_pane)
    tiles = tuple(
        replace(state.pane(), tile=Tile(columns, rows, number)) for number in range(columns * rows)
    )
    panes = (*state.panes[: group.start], *tiles, *state.panes[group.stop :])
    return filled(replace(state, panes=panes, active_pane=group.start))


def filled(state: ViewerState) -> ViewerState:
    """Return the state in which every tile shows what it should.

    The active pane, or else the first tile, tells which images the others show. Where the series
    ends before the tiles do, the last ones are empty; where the reader goes on to an image that is
    further down in the last page, the active pane moves there.
    """
    if all(pane.tile.count == 1 for pane in state.panes) or state.reformat is not None:
        return state
    panes, active = list(state.panes), state.active_pane
    for leader in leaders(state):
        group = group_of(state, leader)
        if len(group) == 1:
            continue
        anchor = active if active in group else leader
        first, wanted = _page(state, panes[anchor])
        for number, index in enumerate(group):
            panes[index] = _tile(state, panes[anchor], first, number)
        if anchor == active:
            active = group.start + wanted - first
    return replace(state, panes=tuple(panes), active_pane=active)


def _page(state: ViewerState, pane: Pane) -> tuple[int, int]:
    """Return the first image of the page, and the one that `pane` was meant to show."""
    count = images_of(state, pane.series_id)
    wanted = min(max(pane.frame_index, 0), max(count - 1, 0))
    first = min(wanted - pane.tile.number, max(count - pane.tile.count, 0))
    return max(first, 0), wanted


def _tile(state: ViewerState, anchor: Pane, first: int, number: int) -> Pane:
    tile = replace(anchor.tile, number=number)
    if number and first + number >= images_of(state, anchor.series_id):
        return Pane(tile=tile)
    return replace(anchor, frame_index=first + number, tile=tile)


def is_vacant(pane: Pane) -> bool:
    """Tell whether a pane is a tile beyond the end of its series, or has no place for one."""
    return pane.kind is PaneKind.EMPTY or (pane.series_id is None and pane.tile.number > 0)
