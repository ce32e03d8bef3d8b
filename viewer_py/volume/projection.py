"""Flat pictures out of a volume along one of its axes: voxel planes, and slabs of whole voxels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.volume.model import Projection, Volume
from viewer_py.volume.picture import Picture

# Slices looked at together, so that temporaries stay small.
CHUNK = 8

Values = NDArray[Any]
Mask = NDArray[np.bool_]


def padding_of(volume: Volume, values: Values) -> Mask | None:
    """Return which values are padding; None when none is."""
    if not volume.has_padding:
        return None
    if volume.padding_low == volume.padding_high:
        padded: Mask = values == volume.padding_low
    else:
        padded = (values >= volume.padding_low) & (values <= volume.padding_high)
    return padded if padded.any() else None


def numeric_projection(volume: Volume, projection: Projection) -> Projection:
    """Return what the projection of modality values is for the numbers of the volume.

    With a negative slope the largest modality value is the smallest number.
    """
    if volume.slope >= 0 or projection is Projection.AVGIP:
        return projection
    return Projection.MINIP if projection is Projection.MIP else Projection.MIP


def voxel_plane(volume: Volume, axis: int, at: float) -> Picture:
    """Return the picture at index `at` along `axis`, interpolated between two voxel planes.

    An index beyond the outermost plane is moved onto it. The picture's rows and columns are the
    two other axes, in their order.
    """
    size = volume.values.shape[axis]
    limited = min(max(at, 0.0), size - 1.0)
    before = int(limited)
    first = _plane(volume, axis, before)
    if limited == before:
        return first
    return first.mixed(_plane(volume, axis, before + 1), limited - before)


def _plane(volume: Volume, axis: int, index: int) -> Picture:
    values = np.moveaxis(volume.values, axis, 0)[index]
    padded = padding_of(volume, values)
    counts = None if padded is None else ~padded
    there = _there(volume, axis, slice(index, index + 1), values.shape)
    return Picture.of(values, _both(counts, there))


def _there(volume: Volume, axis: int, part: slice, shape: tuple[int, ...]) -> Mask | None:
    """Return which elements of a picture come from slices that are present; None: all."""
    present = volume.present[part] if axis == 0 else volume.present
    if present.all():
        return None
    if axis == 0:
        return np.full(shape, bool(present.any()))
    return np.broadcast_to(present[:, None], shape)


def _both(one: Mask | None, other: Mask | None) -> Mask | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def projected(volume: Volume, axis: int, start: int, count: int, projection: Projection) -> Picture:
    """Return the projection of whole voxels along `axis`, as `plan.SlabPlan` numbers them."""
    blocks = [block for block in _blocks(volume, axis, start, count) if block.shape[axis]]
    shape = tuple(np.delete(volume.values.shape, axis))
    if not blocks:
        return Picture(np.zeros(shape, np.float32), np.zeros(shape, np.float32))
    present = None if axis == 0 else _there(volume, axis, slice(None), shape)
    numeric = numeric_projection(volume, projection)
    if numeric is Projection.AVGIP:
        values, counts = _mean(volume, blocks, axis)
    else:
        values, counts = _extreme(volume, blocks, axis, numeric is Projection.MIP)
    return Picture.of(values, _both(counts, present))


def _blocks(volume: Volume, axis: int, start: int, count: int) -> list[Values]:
    """Return the voxels of a slab, not copied; along axis 0 in runs of slices that are there."""
    if axis:
        part = slice(max(start, 0), max(start + count, 0))
        return [volume.values[:, part] if axis == 1 else volume.values[:, :, part]]
    geometry = volume.geometry
    places = np.rint(np.array(geometry.positions) / geometry.nominal_distance)
    first, last = np.searchsorted(places, (start, start + count))
    there = np.flatnonzero(volume.present[first:last]) + first
    if not len(there):
        return []
    breaks = np.flatnonzero(np.diff(there) > 1) + 1
    return [volume.values[run[0] : run[-1] + 1] for run in np.split(there, breaks)]


def _extreme(
    volume: Volume, blocks: list[Values], axis: int, largest: bool
) -> tuple[Values, Mask | None]:
    """Return the largest or smallest voxels along an axis, and where there are any.

    Only where the extreme itself is padding can padding have had a part in it.
    """
    extreme = np.maximum if largest else np.minimum
    values: Values = extreme.reduce(blocks[0], axis=axis)
    for block in blocks[1:]:
        extreme(values, extreme.reduce(block, axis=axis), out=values)
    suspect = padding_of(volume, values)
    if suspect is None:
        return values, None
    counts = np.ones(values.shape, dtype=np.bool_)
    best = np.full(int(suspect.sum()), _worst(values.dtype, largest))
    seen = np.zeros(best.shape, dtype=np.bool_)
    for layer in (layer for block in blocks for layer in np.moveaxis(block, axis, 0)):
        candidates = layer[suspect]
        padded = padding_of(volume, candidates)
        image = np.ones(seen.shape, dtype=np.bool_) if padded is None else ~padded
        extreme(best, candidates, out=best, where=image)
        seen |= image
    values[suspect] = best
    counts[suspect] = seen
    return values, counts


def _worst(dtype: np.dtype[Any], largest: bool) -> Any:
    limits = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    return dtype.type(limits.min if largest else limits.max)


def _mean(volume: Volume, blocks: list[Values], axis: int) -> tuple[Values, Mask | None]:
    """Return the means along an axis, and where there is anything to mean."""
    parts = [
        block[first : first + CHUNK] for block in blocks for first in range(0, len(block), CHUNK)
    ]
    sums, counts = zip(*(_sum(volume, part, axis) for part in parts), strict=True)
    if axis:
        total, count = np.concatenate(sums), np.concatenate(counts)
    else:
        total, count = sum(sums[1:], sums[0]), sum(counts[1:], counts[0])
    return total / np.maximum(count, 1).astype(np.float32), count > 0


def _sum(volume: Volume, part: Values, axis: int) -> tuple[Values, NDArray[np.int32]]:
    """Return the sums along an axis and how many voxels are in each."""
    whole = part.dtype.kind in "iu" and part.dtype.itemsize <= 2
    dtype = np.int32 if whole else np.float64
    padded = padding_of(volume, part)
    if padded is None:
        total = np.add.reduce(part, axis=axis, dtype=dtype)
        return total, np.full(total.shape, part.shape[axis], dtype=np.int32)
    total = np.add.reduce(np.where(padded, part.dtype.type(0), part), axis=axis, dtype=dtype)
    return total, np.add.reduce(~padded, axis=axis, dtype=np.int32)
