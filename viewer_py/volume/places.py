"""Where the samples of a grid lie in a volume, as slice, row and column indices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from viewer_py.volume.lookup import SliceTable
from viewer_py.volume.model import SampleGrid
from viewer_py.volume.picture import CHUNK, Coordinates
from viewer_py.volume.plan import STRAIGHT
from viewer_py.volume.states import vector

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Places:
    """The indices of a grid's samples in the volume, broadcasting to (height, width).

    What does not change along an axis of the grid has length 1 there. `s` is nan where it lies
    beyond the slices; the three masks say where each index has left the image.
    """

    s: Coordinates
    j: Coordinates
    i: Coordinates
    no_slice: Mask
    no_row: Mask
    no_column: Mask

    @classmethod
    def of(cls, table: SliceTable, grid: SampleGrid) -> Places:
        """Return the places of the samples of a grid, by `lookup`."""
        origin = table.to_plane @ (np.array(grid.origin) - table.origin)
        steps = np.array([grid.step_x, grid.step_y]) @ table.to_plane.T
        i, j, t = (_ramp(origin[axis], steps[:, axis], grid) for axis in range(3))
        s = table.slices(t)
        shifted = np.abs(table.shifts).max(axis=0) >= STRAIGHT
        if shifted.any():
            su, sv = table.shifts_at(s)
            i = i - su if shifted[0] else i
            j = j - sv if shifted[1] else j
        no_row = (j < -0.5) | (j > table.rows - 0.5)
        no_column = (i < -0.5) | (i > table.columns - 0.5)
        return cls(s, j, i, np.isnan(s), no_row, no_column)

    @property
    def indices(self) -> tuple[Coordinates, Coordinates, Coordinates]:
        """Return slice, row and column indices."""
        return self.s, self.j, self.i

    @property
    def outside(self) -> Mask:
        """Return where no data is."""
        return self.no_slice | self.no_row | self.no_column

    def outside_picture(self, axis: int) -> Mask:
        """Return where no data is in a picture that is projected along `axis`.

        The index along it is of no matter, and neither is whether it lies in the volume.
        """
        if axis == 0:
            return self.no_row | self.no_column
        return self.no_slice | (self.no_column if axis == 1 else self.no_row)


def _ramp(start: float, steps: NDArray[np.float64], grid: SampleGrid) -> Coordinates:
    """Return start + x · step_x + y · step_y; a step that is a rounding error counts as none."""
    along = np.arange(grid.width)[None, :] * steps[0]
    down = np.arange(grid.height)[:, None] * steps[1]
    at: Coordinates = np.full((1, 1), start)
    if abs(along[0, -1]) >= STRAIGHT:
        at = at + along
    if abs(down[-1, 0]) >= STRAIGHT:
        at = at + down
    return at


def corners(grid: SampleGrid) -> SampleGrid:
    """Return the four outermost samples of a grid as a grid: what its indices depend on."""
    return replace(
        grid,
        step_x=vector(np.array(grid.step_x) * (grid.width - 1)),
        step_y=vector(np.array(grid.step_y) * (grid.height - 1)),
        width=2,
        height=2,
    )


def bands(grid: SampleGrid, shapes: Places) -> Iterator[tuple[slice, SampleGrid]]:
    """Yield a grid in bands of rows, so that no temporary is larger than CHUNK elements.

    One band is enough when, by the places of its `corners`, no index changes along both axes.
    """
    full = any(index.shape == (2, 2) for index in shapes.indices)
    height = max(CHUNK // grid.width, 1) if full else grid.height
    for top in range(0, grid.height, height):
        bottom = min(top + height, grid.height)
        origin = vector(np.array(grid.origin) + top * np.array(grid.step_y))
        yield slice(top, bottom), replace(grid, origin=origin, height=bottom - top)
