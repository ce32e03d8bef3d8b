"""Planes that cut a volume along whole lines of voxels, such as coronal ones of a tilted head.

There the slice and one more index change along one axis of the grid only, and the third along the
other: lines of voxels are mixed first, then stretched. The numbers are those of `trilinear`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer_py.volume.model import Volume
from viewer_py.volume.picture import Coordinates, Floats, Picture, Taps
from viewer_py.volume.projection import padding_of


def line_axis(s: Coordinates, j: Coordinates, i: Coordinates) -> int | None:
    """Return the axis of the volume (1 rows, 2 columns) that the lines run along; None: no lines.

    The coordinates have the shapes (height, 1), (1, width) or (height, width).
    """
    if 1 not in s.shape:
        return None
    for axis, other, along in ((1, i, j), (2, j, i)):
        if other.shape == s.shape and 1 in along.shape and along.shape != s.shape:
            return axis
    return None


def read_lines(
    volume: Volume, axis: int, s: Coordinates, other: Coordinates, along: Coordinates
) -> tuple[Floats, Floats | None]:
    """Return the mean of the eight voxels about each point, and their weight (None: all are 1).

    `along` is the index along `axis` of `line_axis`, `other` that along the remaining one.
    """
    if s.shape[0] == 1:
        values, weights = read_lines(volume, axis, s.T, other.T, along.T)
        return values.T, None if weights is None else weights.T
    picture = _mixed(volume, axis, s, other)
    rows = np.arange(len(s), dtype=float)[:, None]
    values, weights = picture.read(rows, along)
    if weights is not None:
        values /= np.maximum(weights, np.float32(1e-6))
    return values, weights


def _mixed(volume: Volume, axis: int, s: Coordinates, other: Coordinates) -> Picture:
    """Return the lines (height, voxels along the axis) at slices `s` and indices `other`."""
    voxels = volume.values if axis == 2 else volume.values.swapaxes(1, 2)
    z, y = Taps.of(s, voxels.shape[0]), Taps.of(other, voxels.shape[1])
    parts: list[tuple[Floats, Picture]] = []
    for slices, slice_share in ((z.before, 1 - z.share), (z.after, z.share)):
        for rows, row_share in ((y.before, 1 - y.share), (y.after, y.share)):
            share = slice_share * row_share
            if share.any():
                line = voxels[slices[:, 0], rows[:, 0]]
                counts = _counts(volume, line, slices)
                parts.append((share, Picture.of(line, counts)))
    weighted = sum((share * part.weighted for share, part in parts), np.float32(0))
    if all(part.weights is None for _, part in parts):
        return Picture(np.asarray(weighted, dtype=np.float32))
    weights = sum(
        (
            share * (np.ones_like(part.weighted) if part.weights is None else part.weights)
            for share, part in parts
        ),
        np.float32(0),
    )
    return Picture(np.asarray(weighted), np.asarray(weights))


def _counts(
    volume: Volume, line: NDArray[np.generic], slices: NDArray[np.intp]
) -> NDArray[np.bool_] | None:
    padded = padding_of(volume, line)
    present = volume.present[slices]
    if padded is None:
        return None if present.all() else np.broadcast_to(present, line.shape)
    return ~padded & present
