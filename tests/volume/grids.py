"""Grids through a volume, for tests that look at planes of it."""

from __future__ import annotations

import numpy as np

from viewer_py.dicom.attributes import Vector3
from viewer_py.volume.model import SampleGrid, VolumeGeometry
from viewer_py.volume.planes import PlaneAxes
from viewer_py.volume.states import vector


def center(geometry: VolumeGeometry) -> Vector3:
    """Return the middle of the volume, LPS mm."""
    first, last = np.array(geometry.corners[0]), np.array(geometry.corners[-1])
    half = (
        np.array(geometry.column_step) * (geometry.columns - 1) / 2
        + np.array(geometry.row_step) * (geometry.rows - 1) / 2
    )
    return vector((first + last) / 2 + half)


def plane_grid(
    axes: PlaneAxes, through: Vector3, width: int, height: int, mm_per_sample: float
) -> SampleGrid:
    """Return a grid of square samples whose middle lies at `through` (LPS mm)."""
    step_x, step_y = np.array(axes.right) * mm_per_sample, np.array(axes.down) * mm_per_sample
    origin = np.array(through) - step_x * (width - 1) / 2 - step_y * (height - 1) / 2
    return SampleGrid(vector(origin), vector(step_x), vector(step_y), axes.normal, width, height)
