"""Planes and slabs through a volume, on the processor; a shader copies this rule.

1. `lookup` says which (slice, row, column) a point is, and where no data is.
2. A point is read from its eight nearest voxel centres with trilinear weights of the fractions of
   its three indices (the indices being limited to 0 … last first). Interpolated are the values as
   the volume holds them, in float32; slope and intercept follow, VOI later.
3. Padding, and slices that are not present, have weight 0; the result is the weighted mean of the
   others. With less than half of the whole weight there is no data (VALID_WEIGHT).
4. `plan` says where the samples across a slab lie. With its `axis` None each sample is read as
   above, and samples with data make the value: their largest (MIP), smallest (MinIP) or mean
   (AvgIP). With an `axis` the voxels along it are projected first, by the same three rules and
   without padding and slices that are not there, then this picture (its voxels without any data
   having weight 0) is read bilinearly from its four nearest centres, as in 2 and 3.
5. Where nothing has data the sample is not valid, and its value is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.volume.lookup import SliceTable
from viewer_py.volume.model import Projection, SampleGrid, Slab, Volume
from viewer_py.volume.plan import slab_plan

# Half of the weight, less what rounding may take away.
VALID_WEIGHT = 0.4999

PLANE = Slab()

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Resliced:
    """Modality values (height, width), float32, and which of them have data."""

    values: Floats
    valid: NDArray[np.bool_]


def grid_points(grid: SampleGrid) -> NDArray[np.float64]:
    """Return the points of a grid, (height, width, 3), LPS mm."""
    x = np.arange(grid.width, dtype=float)[None, :, None]
    y = np.arange(grid.height, dtype=float)[:, None, None]
    points: NDArray[np.float64] = (
        np.array(grid.origin) + x * np.array(grid.step_x) + y * np.array(grid.step_y)
    )
    return points


def read_points(volume: Volume, points: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """Return values (as the volume holds them) and weights at points (…, 3), LPS mm; 0 outside."""
    s, j, i = SliceTable.of(volume.geometry).indices(points)
    outside = np.isnan(s)
    coordinates = [np.where(outside, 0.0, s), j, i]
    total: Floats = np.zeros(s.shape, dtype=np.float32)
    weight: Floats = np.zeros(s.shape, dtype=np.float32)
    lower, share = [], []
    for at, size in zip(coordinates, volume.values.shape, strict=True):
        at = np.clip(at, 0, size - 1)
        before = np.floor(at).astype(np.intp)
        lower.append(before)
        share.append((at - before).astype(np.float32))
    for corner in range(8):
        steps = (corner >> 2 & 1, corner >> 1 & 1, corner & 1)
        index = [
            np.minimum(low + step, size - 1)
            for low, step, size in zip(lower, steps, volume.values.shape, strict=True)
        ]
        value = volume.values[tuple(index)]
        part = np.ones(s.shape, dtype=np.float32)
        for step, one in zip(steps, share, strict=True):
            part = part * (one if step else 1 - one)
        counts = volume.present[index[0]] & ~_padding(volume, value)
        part = np.where(counts, part, np.float32(0))
        total += part * np.where(counts, value, 0).astype(np.float32)
        weight += part
    weight[outside] = 0
    total /= np.maximum(weight, np.float32(1e-6))
    return total, weight


def _padding(volume: Volume, values: NDArray[Any]) -> NDArray[np.bool_]:
    if not volume.has_padding:
        return np.zeros(values.shape, dtype=np.bool_)
    padded: NDArray[np.bool_] = (values >= volume.padding_low) & (values <= volume.padding_high)
    return padded


def project_points(
    volume: Volume,
    points: NDArray[np.float64],
    direction: NDArray[np.float64],
    samples: tuple[float, float, int],
    projection: Projection,
) -> Resliced:
    """Return the projection of `samples` (first_mm, step_mm, count) at each point.

    They lie along `direction`, which has the shape of `points` (height, width, 3) or broadcasts.
    """
    first, step, count = samples
    shape = points.shape[:2]
    hits = np.zeros(shape, dtype=np.float32)
    # The largest modality value is the smallest number where the slope is negative.
    largest = (projection is Projection.MIP) == (volume.slope >= 0)
    total = np.zeros(shape, dtype=np.float32)
    if projection is not Projection.AVGIP:
        total[...] = -np.inf if largest else np.inf
    for sample in range(count):
        values, weight = read_points(volume, points + (first + sample * step) * direction)
        valid = weight >= VALID_WEIGHT
        if projection is Projection.AVGIP:
            np.add(total, values, out=total, where=valid)
        elif largest:
            np.maximum(total, values, out=total, where=valid)
        else:
            np.minimum(total, values, out=total, where=valid)
        hits += valid
    valid = hits > 0
    if projection is Projection.AVGIP:
        total /= np.maximum(hits, np.float32(1))
    values = total * np.float32(volume.slope) + np.float32(volume.intercept)
    values[~valid] = 0
    return Resliced(values, valid)


def reslice(volume: Volume, grid: SampleGrid, slab: Slab = PLANE) -> Resliced:
    """Return a plane or slab of the volume on a grid, by the rule above.

    Raises ValueError when the geometry is not a volume or the slab has no direction.
    """
    plan = slab_plan(volume.geometry, grid, slab)
    samples = (plan.first_mm, plan.step_mm, plan.count)
    normal = np.array(grid.normal)
    return project_points(volume, grid_points(grid), normal, samples, slab.projection)
