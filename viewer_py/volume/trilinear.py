"""Points of a volume, each read from its eight nearest voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.volume.model import Volume
from viewer_py.volume.picture import Coordinates, Floats, Taps
from viewer_py.volume.projection import padding_of


@dataclass(frozen=True)
class Voxels:
    """The voxels of a volume as one row of memory: voxel (s, j, i) is flat[base + s·a + j·b + i·c].

    The volume's memory is not copied, whatever its strides (slots of a frame store, descending
    slices).
    """

    volume: Volume
    flat: NDArray[Any]
    base: int
    strides: tuple[int, int, int]
    all_present: bool

    @classmethod
    def of(cls, volume: Volume) -> Voxels:
        """Return the voxels of a volume; copied only if an element does not divide its strides."""
        values = volume.values
        if any(stride % values.itemsize for stride in values.strides):
            values = np.ascontiguousarray(values)
        through, down, across = (stride // values.itemsize for stride in values.strides)
        ends = [
            (size - 1) * stride
            for size, stride in zip(values.shape, (through, down, across), strict=True)
        ]
        lowest = values[tuple(slice(None, None, -1) if end < 0 else slice(None) for end in ends)]
        length = sum(map(abs, ends)) + 1
        flat = np.lib.stride_tricks.as_strided(
            lowest, (length,), (values.itemsize,), writeable=False
        )
        base = -sum(end for end in ends if end < 0)
        return cls(volume, flat, base, (through, down, across), bool(volume.present.all()))

    def read(self, s: Coordinates, j: Coordinates, i: Coordinates) -> tuple[Floats, Floats | None]:
        """Return the mean of the voxels about each point, and their weight (None: all are 1).

        The coordinates broadcast to (height, width); they are limited to the volume first, and may
        be nan (any value results).
        """
        taps = [
            Taps.of(at, size) for at, size in zip((s, j, i), self.volume.values.shape, strict=True)
        ]
        shares = [tap.share for tap in taps]
        index = [
            (tap.before * stride, tap.after * stride)
            for tap, stride in zip(taps, self.strides, strict=True)
        ]
        edges = [self.base + (z + y) for z in index[0] for y in index[1]]
        corners = [self.flat[edge + x] for edge in edges for x in index[2]]
        counts = self._counts(corners, taps[0])
        if counts is None:
            return _mean([corner.astype(np.float32) for corner in corners], shares), None
        weighted = [
            np.where(count, corner, np.float32(0)).astype(np.float32)
            for corner, count in zip(corners, counts, strict=True)
        ]
        weight = _mean([count.astype(np.float32) for count in counts], shares)
        mean = _mean(weighted, shares)
        mean /= np.maximum(weight, np.float32(1e-6))
        return mean, weight

    def _counts(self, corners: list[NDArray[Any]], slices: Taps) -> list[NDArray[np.bool_]] | None:
        """Return which corners have data; None when all have."""
        padded = [padding_of(self.volume, corner) for corner in corners]
        if self.all_present and all(one is None for one in padded):
            return None
        present = self.volume.present
        there = [present[slices.before]] * 4 + [present[slices.after]] * 4
        return [
            np.broadcast_to(slice_there, corner.shape) if one is None else slice_there & ~one
            for slice_there, one, corner in zip(there, padded, corners, strict=True)
        ]


def _mean(corners: list[Floats], shares: list[Floats]) -> Floats:
    """Return the trilinear mean; the corners count through columns first, slices last."""
    for share in reversed(shares):
        corners = [
            _between(first, second, share)
            for first, second in zip(corners[::2], corners[1::2], strict=True)
        ]
    return corners[0]


def _between(first: Floats, second: Floats, share: Floats) -> Floats:
    if not share.any():
        return first
    mixed = second - first
    mixed *= share
    mixed += first
    return mixed
