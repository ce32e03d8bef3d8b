"""Where the samples of a slab lie: decided once for a picture, for every renderer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from viewer_py.volume.lookup import SliceTable
from viewer_py.volume.model import SampleGrid, Slab, VolumeGeometry, VolumeState

# A shift of fewer voxels than this over the whole extent is a rounding error of our own.
STRAIGHT = 1e-5
# A plane that misses a voxel plane by less than this share of a step lies on it.
ON_VOXEL = 1e-6
# More interpolated samples across a slab than any scanner has slices in 160 mm: they lie wider.
MOST_SAMPLES = 1024


@dataclass(frozen=True)
class SlabPlan:
    """How the samples across a slab are taken.

    `axis` 0, 1 or 2 (slices, rows, columns): the slab is straight along this axis of the volume,
    and whole voxels from index `start` to `start + count - 1` are projected before the picture is
    interpolated in its plane (indices outside the volume, and missing slices, are no data). `start`
    counts places of `nominal_distance` from slice 0 along axis 0, so that a missing slice keeps
    its place.

    `axis` None: `count` samples are interpolated `first_mm + k · step_mm` along the grid's normal
    from the plane, then projected. A count of 1 is the plane itself.
    """

    axis: int | None
    start: int
    count: int
    first_mm: float
    step_mm: float


def slab_plan(geometry: VolumeGeometry, grid: SampleGrid, slab: Slab) -> SlabPlan:
    """Return how a slab of this volume is sampled on this grid (B-42).

    The step is the distance, along the grid's normal, in which no index grows by more than one:
    the voxel spacing for slabs along an axis. Thickness / step, rounded and at least 1, is the
    number of samples (interpolated ones up to MOST_SAMPLES, then they lie farther apart); they lie
    evenly about the plane. Raises ValueError for a geometry that is not
    a volume or a normal of no length.
    """
    table = SliceTable.of(geometry)
    direction = table.to_plane @ np.array(grid.normal, dtype=float)
    speed = np.array([direction[2] / geometry.nominal_distance, direction[1], direction[0]])
    fastest = int(np.argmax(np.abs(speed)))
    if not np.isfinite(speed).all() or speed[fastest] == 0.0:
        raise ValueError("a slab needs a direction")
    step = 1.0 / abs(float(speed[fastest]))
    count = max(1, math.floor(slab.thickness_mm / step + 0.5))
    if count > 1 and _straight(geometry, table, grid, speed, fastest):
        origin = table.to_plane @ (np.array(grid.origin) - table.origin)
        at = (origin[2] / geometry.nominal_distance, origin[1], origin[0])[fastest]
        start = math.ceil(float(at) - count / 2 - ON_VOXEL)
        return SlabPlan(fastest, start, count, 0.0, step)
    if count > MOST_SAMPLES:
        count, step = MOST_SAMPLES, slab.thickness_mm / MOST_SAMPLES
    return SlabPlan(None, 0, count, -(count - 1) / 2 * step, step)


def _straight(
    geometry: VolumeGeometry,
    table: SliceTable,
    grid: SampleGrid,
    speed: np.ndarray[tuple[int], np.dtype[np.float64]],
    axis: int,
) -> bool:
    """Say whether index `axis` is one number on the plane, and the others do not change across."""
    extent = np.array([len(geometry.corners), geometry.rows, geometry.columns])
    others = np.delete(speed / abs(speed[axis]) * extent[axis], axis)
    edges = np.array([grid.step_x, grid.step_y]) * [[grid.width], [grid.height]]
    along = (edges @ table.to_plane.T)[:, 2 - axis]
    if axis == 0:
        along = along / geometry.nominal_distance
        even = geometry.state is not VolumeState.IRREGULAR
        shifted = np.abs(table.shifts).max() >= STRAIGHT
    else:
        even = True
        shifted = np.abs(table.shifts[:, 2 - axis]).max() >= STRAIGHT
    return bool(even and not shifted and max(abs(others).max(), abs(along).max()) < STRAIGHT)
