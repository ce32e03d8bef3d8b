"""A flat picture cut out of a volume, and how it is read between its elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Output elements computed at a time, so that temporaries stay small and in the cache.
CHUNK = 1 << 15

Floats = NDArray[np.float32]
Coordinates = NDArray[np.float64]


@dataclass(frozen=True)
class Picture:
    """Values times weight, (rows, columns), and the weights; None: all are 1."""

    weighted: Floats
    weights: Floats | None = None

    @classmethod
    def of(cls, values: NDArray[Any], counts: NDArray[np.bool_] | None) -> Picture:
        """Return the picture of values of which only those that count have a weight."""
        weighted = values.astype(np.float32)
        if counts is None or counts.all():
            return cls(weighted)
        weighted[~counts] = 0
        return cls(weighted, counts.astype(np.float32))

    def __mul__(self, share: float) -> Picture:
        """Return the picture with this share of its weight."""
        weights = np.ones_like(self.weighted) if self.weights is None else self.weights
        return Picture(self.weighted * np.float32(share), weights * np.float32(share))

    def mixed(self, other: Picture, share: float) -> Picture:
        """Return this picture and `share` (0…1) of another one in its place."""
        if share == 0.0:
            return self
        if self.weights is None and other.weights is None:
            mixed = other.weighted - self.weighted
            mixed *= np.float32(share)
            mixed += self.weighted
            return Picture(mixed)
        one, two = self * (1.0 - share), other * share
        assert one.weights is not None
        assert two.weights is not None
        return Picture(one.weighted + two.weighted, one.weights + two.weights)

    def read(self, rows: Coordinates, columns: Coordinates) -> tuple[Floats, Floats | None]:
        """Return weighted values and weights at broadcasting coordinates, bilinearly.

        Whole coordinates are the centres of elements; those beyond the outermost are moved onto
        it. Coordinates of the shapes (height, 1) and (1, width), or the other way round, are read
        one axis after the other.
        """
        if rows.shape[0] == 1 and columns.shape[1] == 1 and rows.size * columns.size > 1:
            turned = None if self.weights is None else self.weights.T
            return Picture(self.weighted.T, turned).read(columns, rows)
        down = Taps.of(rows, self.weighted.shape[0])
        across = Taps.of(columns, self.weighted.shape[1])
        read = _in_turn if rows.shape[1] == 1 and columns.shape[0] == 1 else _scattered
        values = read(self.weighted, down, across)
        weights = None if self.weights is None else read(self.weights, down, across)
        return values, weights


@dataclass(frozen=True)
class Taps:
    """The two neighbours of each coordinate along one axis, and the share of the second."""

    before: NDArray[np.intp]
    after: NDArray[np.intp]
    share: Floats

    @classmethod
    def of(cls, at: Coordinates, size: int) -> Taps:
        """Return the neighbours among 0 … size - 1; coordinates may be nan."""
        limited = np.clip(np.nan_to_num(at), 0, size - 1)
        before = limited.astype(np.intp)
        return cls(before, np.minimum(before + 1, size - 1), (limited - before).astype(np.float32))


def _in_turn(values: Floats, down: Taps, across: Taps) -> Floats:
    height, width = down.before.shape[0], across.before.shape[1]
    if height * values.shape[1] <= values.shape[0] * width:
        return _across(_down(values, down), across)
    return _down(_across(values, across), down)


def _down(values: Floats, taps: Taps) -> Floats:
    return _mixed_rows(values, taps.before[:, 0], taps.after[:, 0], taps.share)


def _across(values: Floats, taps: Taps) -> Floats:
    """Mix columns, as rows of the transposed: to take columns one by one is slower than to turn."""
    turned = np.ascontiguousarray(values.T)
    mixed = _mixed_rows(turned, taps.before[0], taps.after[0], taps.share.T)
    return np.ascontiguousarray(mixed.T)


def _mixed_rows(
    values: Floats, before: NDArray[np.intp], after: NDArray[np.intp], share: Floats
) -> Floats:
    first: Floats = np.take(values, before, 0)
    if not share.any():
        return first
    second = np.take(values, after, 0)
    second -= first
    second *= share
    first += second
    return first


def _scattered(values: Floats, down: Taps, across: Taps) -> Floats:
    shape = np.broadcast_shapes(down.before.shape, across.before.shape)
    result = np.empty(shape, dtype=np.float32)
    flat, stride = np.ascontiguousarray(values).reshape(-1), values.shape[1]
    step = max(CHUNK // shape[1], 1)
    for top in range(0, shape[0], step):
        part = slice(top, top + step)
        upper, lower, y = (_rows(one, part) for one in (down.before, down.after, down.share))
        left, right, x = (_rows(one, part) for one in (across.before, across.after, across.share))
        upper, lower = upper * stride, lower * stride
        first, second = flat[upper + left], flat[upper + right]
        first += (second - first) * x
        below, second = flat[lower + left], flat[lower + right]
        below += (second - below) * x
        below -= first
        below *= y
        np.add(first, below, out=result[part])
    return result


def _rows(values: NDArray[Any], part: slice) -> NDArray[Any]:
    """Return some rows of an array that may be one row for all."""
    return values if values.shape[0] == 1 else values[part]
