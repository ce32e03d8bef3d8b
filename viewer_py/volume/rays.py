"""Where the samples of a volume rendering lie: decided once for a picture, for every renderer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.manifest import Vector3
from viewer_py.volume.curved import smallest_spacing
from viewer_py.volume.lookup import SliceTable
from viewer_py.volume.model import SampleGrid, VolumeGeometry
from viewer_py.volume.occupancy import BLOCK

# Samples along a ray lie this share of the grid's sample distance apart, where that is coarser
# than the voxels.
STEP_SHARE = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RayPlan:
    """The samples of parallel rays, in the (u, v, t) of `lookup`: t in mm, u and v in pixels.

    Sample n of the ray of (x, y) lies at start + x · across + y · down + n · along; n runs from
    `first` to `last`, ascending away from the viewer, `step_mm` apart. Only indices from `low` to
    `high` (column, row, slice) are shown. `to_gradient` (3, 3) turns differences of the value an
    index (column, row, slice) into those a millimetre (LPS); `view` is the rays' unit direction.
    `leap` is how many samples lie within one block of `occupancy`, whatever the direction.
    """

    start: Floats
    across: Floats
    down: Floats
    along: Floats
    first: int
    last: int
    step_mm: float
    low: Floats
    high: Floats
    to_gradient: Floats
    view: Floats
    leap: float


def ray_plan(
    geometry: VolumeGeometry, grid: SampleGrid, clip_low: Vector3, clip_high: Vector3
) -> RayPlan:
    """Return how rays through `grid` sample a volume; `clip_…` as in scene.RenderingLayer.

    Raises ValueError when the geometry is not a volume or the grid has no direction.
    """
    if not geometry.corners:
        raise ValueError("these slices are not a volume")
    table = SliceTable.of(geometry)
    normal = np.array(grid.normal, dtype=float)
    length = float(np.linalg.norm(normal))
    sample = min(float(np.linalg.norm(grid.step_x)), float(np.linalg.norm(grid.step_y)))
    if not (length > 0 and math.isfinite(length) and math.isfinite(sample)):
        raise ValueError("a volume rendering needs a direction")
    step = max(smallest_spacing(geometry), sample * STEP_SHARE)
    view = normal / length
    along = table.to_plane @ (view * step)
    depths = (_outline(geometry) - np.array(grid.origin)) @ view / step
    size = np.array([geometry.columns, geometry.rows, len(geometry.corners)])
    distances = np.diff(table.positions)
    nearest = float(distances.min()) if len(distances) else geometry.nominal_distance
    usual = float(distances.mean()) if len(distances) else geometry.nominal_distance
    return RayPlan(
        start=table.to_plane @ (np.array(grid.origin) - table.origin),
        across=table.to_plane @ np.array(grid.step_x),
        down=table.to_plane @ np.array(grid.step_y),
        along=along,
        first=math.floor(depths.min()),
        last=math.ceil(depths.max()),
        step_mm=step,
        low=np.array(clip_low) * size - 0.5,
        high=np.array(clip_high) * size - 0.5,
        to_gradient=np.array([table.to_plane[0], table.to_plane[1], table.to_plane[2] / usual]).T,
        view=view,
        leap=BLOCK / _speed(table, along, nearest),
    )


def _outline(geometry: VolumeGeometry) -> Floats:
    """Return the corners of a hull of the volume, LPS mm: all voxels to their outer faces."""
    corners = np.array(geometry.corners)
    across = np.array(geometry.column_step) * geometry.columns
    down = np.array(geometry.row_step) * geometry.rows
    half = np.array(geometry.normal) * geometry.nominal_distance / 2
    outer = corners - across / geometry.columns / 2 - down / geometry.rows / 2
    edges = np.concatenate((outer - half, outer + half))
    points: Floats = np.concatenate((edges, edges + across, edges + down, edges + across + down))
    return points


def _speed(table: SliceTable, along: Floats, nearest: float) -> float:
    """Return by how much an index can change at most from one sample to the next."""
    drift = np.zeros(2)
    if len(table.positions) > 1:
        drift = np.abs(np.diff(table.shifts, axis=0) / np.diff(table.positions)[:, None]).max(0)
    depth = abs(float(along[2]))
    changes = np.abs(along[:2]) + drift * depth
    return max(float(changes.max()), depth / nearest, 1e-6)
