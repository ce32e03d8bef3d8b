"""Where the panes lie on the reading area.

A grid of equal areas, each of them one pane or the tiles of one series; for reformats a large pane
with a strip of small ones on small screens, two by two on others.
"""

from __future__ import annotations

from dataclasses import dataclass

from viewer_py.view.state import CanvasSize, Grid, PaneKind, ViewerState

SMALL_SCREEN = 600.0  # CSS pixels of width, or SHORT_SCREEN of height: a large pane and a strip
SHORT_SCREEN = 420.0
_STRIP_SHARE = 0.3  # of the reading area's longer side
_TWO_BY_TWO = Grid(2, 2)


@dataclass(frozen=True)
class Area:
    """A pane's part of the reading area in whole device pixels, origin top left."""

    x: int
    y: int
    width: int
    height: int


def has_strip(state: ViewerState) -> bool:
    """Tell whether the reformats lie as one large pane and a strip that swaps with a tap."""
    small = state.canvas.width < SMALL_SCREEN or state.canvas.height < SHORT_SCREEN
    return state.reformat is not None and small


def is_in_strip(state: ViewerState, index: int) -> bool:
    """Tell whether pane `index` is a small one beside the large pane."""
    return has_strip(state) and not state.maximized and index != state.active_pane


def shown_panes(state: ViewerState) -> tuple[int, ...]:
    """Return the indices of the panes on the screen, the large one of a strip first."""
    if state.maximized or len(state.panes) == 1:
        return (state.active_pane,)
    if not has_strip(state):
        return tuple(range(len(state.panes)))
    small = (
        index
        for index, pane in enumerate(state.panes)
        if index != state.active_pane and pane.kind is not PaneKind.EMPTY
    )
    return (state.active_pane, *small)


def areas(state: ViewerState) -> dict[int, Area]:
    """Return the area of every pane on the screen, by the pane's index."""
    width = max(round(state.canvas.width * state.canvas.pixel_ratio), 1)
    height = max(round(state.canvas.height * state.canvas.pixel_ratio), 1)
    shown = shown_panes(state)
    if len(shown) == 1:
        return {shown[0]: Area(0, 0, width, height)}
    if has_strip(state):
        return _strip(shown, width, height)
    if state.reformat is not None:
        return _grid(shown, _TWO_BY_TWO, width, height)
    return _tiled(state, shown, width, height)


def _cuts(length: int, count: int) -> list[int]:
    return [round(length * step / count) for step in range(count + 1)]


def _area(x: int, y: int, width: int, height: int) -> Area:
    """Return an area of at least one pixel, for a canvas narrower than its panes are many."""
    return Area(x, y, max(width, 1), max(height, 1))


def _grid(shown: tuple[int, ...], grid: Grid, width: int, height: int) -> dict[int, Area]:
    return {
        index: _part(Area(0, 0, width, height), grid.columns, grid.rows, place)
        for place, index in enumerate(shown)
    }


def _tiled(state: ViewerState, shown: tuple[int, ...], width: int, height: int) -> dict[int, Area]:
    """Place the panes of a grid, and the tiles of each within its area."""
    placed: dict[int, Area] = {}
    group = -1
    for index in shown:
        tile = state.panes[index].tile
        group += tile.number == 0
        whole = _part(Area(0, 0, width, height), state.grid.columns, state.grid.rows, group)
        placed[index] = _part(whole, tile.columns, tile.rows, tile.number)
    return placed


def _part(whole: Area, columns: int, rows: int, number: int) -> Area:
    """Return part `number` of an area that is cut into columns and rows."""
    row, column = divmod(number, columns)
    xs, ys = _cuts(whole.width, columns), _cuts(whole.height, rows)
    return _area(
        whole.x + xs[column],
        whole.y + ys[row],
        xs[column + 1] - xs[column],
        ys[row + 1] - ys[row],
    )


def _strip(shown: tuple[int, ...], width: int, height: int) -> dict[int, Area]:
    """Place the first pane, and the others below it or, on a phone on its side, beside it."""
    upright = height >= width
    long = height if upright else width
    large = long - round(long * _STRIP_SHARE)
    cuts = _cuts(width if upright else height, len(shown) - 1)
    placed = {shown[0]: Area(0, 0, width, large) if upright else Area(0, 0, large, height)}
    for place, index in enumerate(shown[1:]):
        start, length = cuts[place], cuts[place + 1] - cuts[place]
        small = (start, large, length, long - large)
        placed[index] = _area(*small) if upright else _area(large, start, long - large, length)
    return placed


def pane_size(state: ViewerState, index: int | None = None) -> CanvasSize:
    """Return the size of the active pane, or of that at `index`, in CSS pixels."""
    placed = areas(state)
    area = placed.get(state.active_pane if index is None else index)
    if area is None or len(placed) == 1:
        return state.canvas
    ratio = state.canvas.pixel_ratio
    return CanvasSize(area.width / ratio, area.height / ratio, ratio)


def pane_place(state: ViewerState, index: int | None = None) -> tuple[float, float]:
    """Return the top left corner of a pane in CSS pixels of the reading area."""
    area = areas(state).get(state.active_pane if index is None else index)
    ratio = state.canvas.pixel_ratio
    return (0.0, 0.0) if area is None else (area.x / ratio, area.y / ratio)


def pane_at(state: ViewerState, x: float, y: float) -> int:
    """Return the index of the pane under a point in CSS pixels; the active one where none is."""
    ratio = state.canvas.pixel_ratio
    for index, area in areas(state).items():
        if area.x <= x * ratio < area.x + area.width and area.y <= y * ratio < area.y + area.height:
            return index
    return state.active_pane
