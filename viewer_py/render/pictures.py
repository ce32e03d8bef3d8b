"""What a layer shows before it is drawn: a picture of values, where it lies, how it is coloured.

Every layer becomes such a picture: a frame is one as it is, a plane, a curve and a volume rendering
are computed first, with fewer samples than device pixels while they move (`detail`). One rule
(`sampling`) then reads all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.pixels import filters
from viewer_py.pixels.transfer import DisplayTransfer, display_transfer, is_padding
from viewer_py.pixels.voi import is_color
from viewer_py.render.greys import UNCHANGED, modality_transfer
from viewer_py.render.sources import Sources
from viewer_py.scene.model import (
    CurveLayer,
    ImageLayer,
    Layer,
    Matrix,
    PlaneLayer,
    Rectangle,
    RenderingLayer,
)
from viewer_py.volume.curved import curved
from viewer_py.volume.model import SampleGrid, Volume
from viewer_py.volume.occupancy import BlockRanges
from viewer_py.volume.raycast import cast
from viewer_py.volume.reslice import reslice
from viewer_py.volume.transfer import PRESETS, TransferTable, transfer_table

SMALLEST_DETAIL = 1 / 16


@dataclass(frozen=True)
class Picture:
    """Values (rows, columns) or (rows, columns, 3), and which of them are padding (None: none).

    `matrix` maps the picture's coordinates to device pixels, as in ImageLayer.
    """

    values: NDArray[Any]
    padding: NDArray[np.bool_] | None
    matrix: Matrix


@dataclass(frozen=True)
class Look:
    """How the values of a picture become colours: all that can change without a new picture."""

    transfer: DisplayTransfer
    color_map: str = ""
    opacity: float = 1.0


def coarse_grid(grid: SampleGrid, detail: float) -> SampleGrid:
    """Return the grid over the same rectangle with `detail` samples for each, at least one.

    Samples lie in the middle of their share of the rectangle.
    """
    share = min(max(detail, SMALLEST_DETAIL), 1.0)
    width, height = max(round(grid.width * share), 1), max(round(grid.height * share), 1)
    if (width, height) == (grid.width, grid.height):
        return grid
    across, down = grid.width / width, grid.height / height
    step_x, step_y = np.array(grid.step_x), np.array(grid.step_y)
    origin = np.array(grid.origin) + step_x * (across - 1) / 2 + step_y * (down - 1) / 2
    step_x, step_y = step_x * across, step_y * down
    return SampleGrid(_vector(origin), _vector(step_x), _vector(step_y), grid.normal, width, height)


def _vector(values: NDArray[Any]) -> tuple[float, float, float]:
    return (float(values[0]), float(values[1]), float(values[2]))


def grid_matrix(grid: SampleGrid, full: SampleGrid, area: Rectangle) -> Matrix:
    """Return the matrix from samples of a coarse grid to the device pixels of its pane."""
    return (full.width / grid.width, 0.0, 0.0, full.height / grid.height, area.x, area.y)


def look_of(layer: Layer, sources: Sources) -> Look:
    """Return how a layer is coloured. Its volume, if it needs one, must be there.

    Raises what `display_transfer` raises.
    """
    if isinstance(layer, RenderingLayer):
        return Look(UNCHANGED)
    if isinstance(layer, ImageLayer):
        return Look(display_transfer(layer.frame, layer.window, layer.inverted), layer.color_map)
    volume = sources.volume(layer.series_id)
    if volume is None:
        raise ValueError("the volume is not there")
    transfer = modality_transfer(volume.frame, layer.window, layer.inverted)
    return Look(transfer, layer.color_map, layer.opacity if isinstance(layer, PlaneLayer) else 1.0)


def rendering_table(layer: RenderingLayer, volume: Volume) -> TransferTable:
    """Return the transfer table of a rendering. Raises ValueError for an unknown preset."""
    if layer.preset not in PRESETS:
        raise ValueError(f"there is no preset {layer.preset!r}")
    return transfer_table(PRESETS[layer.preset], volume.frame, layer.window)


def picture_of(
    layer: Layer, sources: Sources, area: Rectangle, ranges: BlockRanges | None = None
) -> Picture | None:
    """Return the picture of a layer of a pane, None while its pixels are not there.

    A frame keeps its stored values unless it is filtered; planes and curves hold modality values, a
    rendering RGB (`ranges` saves it time). Raises ValueError where a volume cannot be cut so.
    """
    if isinstance(layer, ImageLayer):
        return frame_picture(layer, sources)
    volume = sources.volume(layer.series_id)
    if volume is None:
        return None
    if isinstance(layer, CurveLayer):
        return curve_picture(layer, volume)
    grid = coarse_grid(layer.grid, layer.detail)
    matrix = grid_matrix(grid, layer.grid, area)
    if isinstance(layer, PlaneLayer):
        cut = reslice(volume, grid, layer.slab)
        padding = None if cut.valid.all() else ~cut.valid
        return Picture(*_filtered(cut.values, padding, layer.filter), matrix)
    table = rendering_table(layer, volume)
    return Picture(cast(volume, grid, table, layer.clip_low, layer.clip_high, ranges), None, matrix)


def frame_picture(layer: ImageLayer, sources: Sources) -> Picture | None:
    """Return the picture of a frame, None while it is not there. Colours are not filtered."""
    stored = sources.frame(layer.series_id, layer.frame_index)
    if stored is None:
        return None
    if is_color(layer.frame):
        return Picture(stored, None, layer.matrix)
    transfer = display_transfer(layer.frame)
    padding = is_padding(transfer, stored) if transfer.has_padding else None
    if padding is not None and not padding.any():
        padding = None
    return Picture(*_filtered(stored, padding, layer.filter), layer.matrix)


def curve_picture(layer: CurveLayer, volume: Volume) -> Picture:
    """Return the picture along a curve. Raises ValueError for one that is none."""
    cut = curved(volume, layer.points, layer.across, layer.step_mm, layer.rows, layer.slab)
    return Picture(cut.values, None if cut.valid.all() else ~cut.valid, layer.matrix)


def _filtered(
    values: NDArray[Any], padding: NDArray[np.bool_] | None, name: str
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    if not name:
        return values, padding
    return filters.apply(name, values, None if padding is None else ~padding), padding
