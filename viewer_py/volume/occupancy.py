"""Where in a volume there is something to be seen: lets rays leap over what is transparent.

A block is BLOCK³ voxels. Only speed depends on it: leaping leaves out samples that hide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.volume.model import Volume
from viewer_py.volume.transfer import TransferTable

BLOCK = 8
ROUNDING = 0.01  # of an entry of the table
FARTHEST = 12  # blocks; a longer leap would save nothing more


@dataclass(frozen=True)
class BlockRanges:
    """The smallest and largest value (as the volume holds them) that a sample in a block can have.

    Both have the shape (blocks of slices, of rows, of columns).
    """

    smallest: NDArray[Any]
    largest: NDArray[Any]


def block_ranges(volume: Volume) -> BlockRanges:
    """Return the ranges of all blocks; what lies between two blocks belongs to the lower one."""
    return BlockRanges(_reduced(volume.values, np.minimum), _reduced(volume.values, np.maximum))


def _reduced(values: NDArray[Any], reduce: np.ufunc) -> NDArray[Any]:
    for axis in range(3):
        along = np.moveaxis(values, axis, 0)
        starts = range(0, len(along), BLOCK)
        values = np.moveaxis(
            np.stack([reduce.reduce(along[at : at + BLOCK + 1], axis=0) for at in starts]), 0, axis
        )
    return values


def distances(ranges: BlockRanges, volume: Volume, table: TransferTable) -> NDArray[np.uint8]:
    """Return for each block how many blocks away, over edges and corners too, something shows.

    0 is a block with something to be seen, 1 its neighbour, at most FARTHEST.
    """
    ends = [
        one.astype(np.float32) * np.float32(volume.slope) + np.float32(volume.intercept)
        for one in (ranges.smallest, ranges.largest)
    ]
    # A sample may be rounded to the entry beside that of its block's end.
    rounding = np.float32(ROUNDING / table.per_value)
    lowest = table.entries(np.minimum(*ends) - rounding)
    highest = table.entries(np.maximum(*ends) + rounding)
    shows = table.colors.max(axis=1) > 0 if table.projection else table.opacities > 0
    before = np.concatenate(([0], np.cumsum(shows)))
    seen = before[highest + 1] > before[lowest]
    away = np.full(seen.shape, FARTHEST, dtype=np.uint8)
    for distance in range(FARTHEST):
        away[seen & (away == FARTHEST)] = distance
        seen = _grown(seen)
    return away


def _grown(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    for axis in range(3):
        along = np.moveaxis(seen.copy(), axis, 0)
        along[1:] |= np.moveaxis(seen, axis, 0)[:-1]
        along[:-1] |= np.moveaxis(seen, axis, 0)[1:]
        seen = np.moveaxis(along, 0, axis)
    return seen
