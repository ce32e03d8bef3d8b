"""A series becomes a volume: which slices are there, what their numbers mean, in which resolution.

`assemble` copies frames into a new block. Where a store already holds the frames in one block,
`volume_of` makes the volume of that block without a copy, when `same_rescale` allows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.manifest import FrameAttributes, SeriesManifest
from viewer_py.pixels.modality import rescale
from viewer_py.volume.lookup import to_index, to_patient
from viewer_py.volume.model import Volume, VolumeGeometry
from viewer_py.volume.states import vector

__all__ = [
    "NO_DATA",
    "assemble",
    "modality_slice",
    "reduce_frame",
    "reduced_geometry",
    "same_rescale",
    "to_index",
    "to_patient",
    "volume_of",
]

# What stands for padding in volumes of float32 modality values: no scanner measures it.
NO_DATA = float(np.finfo(np.float32).min)

Reduction = tuple[int, int, int]
FULL: Reduction = (1, 1, 1)


def same_rescale(series: SeriesManifest, geometry: VolumeGeometry) -> bool:
    """Say whether one slope, intercept and padding hold for all slices, without a Modality LUT.

    Then stored values can stay as they are; else (PET) the volume holds float32 modality values.
    """
    frames = [series.frames[index] for index in geometry.frames]
    return all(_meaning(frame) == _meaning(frames[0]) for frame in frames) and (
        frames[0].modality_lut is None
    )


def _meaning(frame: FrameAttributes) -> tuple[object, ...]:
    return (
        frame.rescale_slope,
        frame.rescale_intercept,
        frame.modality_lut,
        frame.pixel_padding_value,
        frame.pixel_padding_range_limit,
        frame.signed,
    )


def volume_of(
    series: SeriesManifest,
    geometry: VolumeGeometry,
    values: NDArray[Any],
    present: NDArray[np.bool_],
    reduction: Reduction = FULL,
) -> Volume:
    """Return the volume of an array that is already there, which is not copied.

    `values` has the shape (slices, rows, columns) of `geometry`, which is that of the full series
    or, with `reduction`, what `reduced_geometry` made of it: stored values when `same_rescale`,
    else float32 modality values of `modality_slice`. `present` (slices) may change later.

    Raises ValueError when the shapes do not fit each other.
    """
    shape = (len(geometry.frames), geometry.rows, geometry.columns)
    if values.shape != shape or present.shape != shape[:1]:
        raise ValueError(f"values of shape {values.shape} for a volume of {shape}")
    frame = series.frames[geometry.frames[len(geometry.frames) // 2]]
    if not same_rescale(series, geometry):
        padded = any(series.frames[i].pixel_padding_value is not None for i in geometry.frames)
        return Volume(
            series.series_id,
            geometry,
            values,
            present,
            frame,
            has_padding=padded,
            padding_low=NO_DATA,
            padding_high=NO_DATA,
            reduction=reduction,
        )
    padding = padding_range(frame)
    return Volume(
        series.series_id,
        geometry,
        values,
        present,
        frame,
        slope=frame.rescale_slope,
        intercept=frame.rescale_intercept,
        has_padding=padding is not None,
        padding_low=0.0 if padding is None else padding[0],
        padding_high=0.0 if padding is None else padding[1],
        reduction=reduction,
    )


def assemble(
    series: SeriesManifest,
    geometry: VolumeGeometry,
    stored: Callable[[int], NDArray[Any] | None],
    reduction: Reduction = FULL,
) -> Volume:
    """Return the volume of the slices that are there, in a block of its own.

    `stored(frame_index)` gives the stored values (rows, columns) of a frame of the series, or None
    while it has not arrived. `geometry` is that of the full series; with `reduction` the volume
    holds every n-th slice, and means over so many rows and columns.

    Raises ValueError when no slice is there, or the geometry is not a volume.
    """
    target = reduced_geometry(geometry, reduction)
    as_stored = same_rescale(series, geometry)
    values: NDArray[Any] | None = None
    present = np.zeros(len(target.frames), dtype=np.bool_)
    for place, index in enumerate(target.frames):
        pixels = stored(index)
        if pixels is None:
            continue
        frame = series.frames[index]
        part = pixels if as_stored else modality_slice(pixels, frame)
        part = reduce_frame(part, _padding_of(frame, as_stored), reduction[1:])
        if values is None:
            values = np.zeros((len(target.frames), *part.shape), dtype=part.dtype)
        values[place] = part
        present[place] = True
    if values is None:
        raise ValueError("no slice of the volume is there")
    return volume_of(series, target, values, present, reduction)


def modality_slice(stored: NDArray[Any], frame: FrameAttributes) -> NDArray[np.float32]:
    """Return the modality values of one slice, its padding as NO_DATA (PS3.3 C.11.1, C.7.5.1)."""
    values = rescale(stored, frame).astype(np.float32)
    padding = padding_range(frame)
    if padding is not None:
        values[(stored >= padding[0]) & (stored <= padding[1])] = NO_DATA
    return values


def padding_range(frame: FrameAttributes) -> tuple[float, float] | None:
    """Return the smallest and largest stored value that is padding (PS3.3 C.7.5.1.1.2)."""
    value, limit = frame.pixel_padding_value, frame.pixel_padding_range_limit
    if value is None:
        return None
    other = value if limit is None else limit
    return float(min(value, other)), float(max(value, other))


def _padding_of(frame: FrameAttributes, as_stored: bool) -> tuple[float, float] | None:
    return padding_range(frame) if as_stored else (NO_DATA, NO_DATA)


def reduce_frame(
    values: NDArray[Any], padding: tuple[float, float] | None, factors: tuple[int, int]
) -> NDArray[Any]:
    """Return means over blocks of `factors` (rows, columns), in the type of `values`.

    Rows and columns beyond the last whole block are left out. Padding values have no part in a
    mean; a block with more padding than pixels is padding. Whole types round to the nearest.
    """
    down, across = factors
    if factors == (1, 1):
        return values
    rows, columns = values.shape[0] // down, values.shape[1] // across
    blocks = values[: rows * down, : columns * across].reshape(rows, down, columns, across)
    if padding is None:
        mean = blocks.mean(axis=(1, 3), dtype=np.float32)
        return _as(mean, values.dtype)
    image = (blocks < padding[0]) | (blocks > padding[1])
    count = image.sum(axis=(1, 3))
    total = np.where(image, blocks, 0).sum(axis=(1, 3), dtype=np.float64)
    mean = _as(total / np.maximum(count, 1), values.dtype)
    mean[2 * count < down * across] = padding[0]
    return mean


def _as(mean: NDArray[np.floating], dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.rint(mean).astype(dtype) if dtype.kind in "iu" else mean.astype(dtype)


def reduced_geometry(geometry: VolumeGeometry, reduction: Reduction) -> VolumeGeometry:
    """Return the geometry of every n-th slice and of means over rows and columns.

    `reduction` is (slices, rows, columns), as in `Volume.reduction`; the first slice is kept, and
    the centre of the first voxel is that of its block. Raises ValueError for a factor below 1, one
    that leaves nothing, or a geometry that is not a volume.
    """
    through, down, across = reduction
    if not geometry.corners:
        raise ValueError("these slices are not a volume")
    if min(reduction) < 1 or down > geometry.rows or across > geometry.columns:
        raise ValueError(f"a reduction by {reduction} is not possible")
    if reduction == FULL:
        return geometry
    column_step, row_step = np.array(geometry.column_step), np.array(geometry.row_step)
    centre = column_step * (across - 1) / 2 + row_step * (down - 1) / 2
    count = len(geometry.frames[::through])
    gaps = sorted({gap // through for gap in geometry.gaps if gap // through < count - 1})
    return replace(
        geometry,
        frames=geometry.frames[::through],
        rows=geometry.rows // down,
        columns=geometry.columns // across,
        column_step=vector(column_step * across),
        row_step=vector(row_step * down),
        corners=tuple(vector(np.array(corner) + centre) for corner in geometry.corners[::through]),
        positions=geometry.positions[::through],
        nominal_distance=geometry.nominal_distance * through,
        gaps=tuple(gaps),
    )
