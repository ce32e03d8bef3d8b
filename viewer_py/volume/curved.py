"""Curved planar reformation (CPR, 曲面重建, C-33): a volume along a curve, laid out flat.

Column x of the picture is the line through `points[x]` in direction `across[x]`, its row y at
(y - (rows - 1) / 2) · step_mm along it; `curve` makes points and directions. A slab extends along
tangent × across, in steps of the smallest voxel spacing; the samples lie evenly about the line.
Reading, padding and validity follow `reslice` (rules 2, 3 and 5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from viewer_py.dicom.manifest import Vector3
from viewer_py.volume.curve import tangents
from viewer_py.volume.lookup import SliceTable
from viewer_py.volume.model import Slab, Volume, VolumeGeometry
from viewer_py.volume.picture import CHUNK
from viewer_py.volume.plan import MOST_SAMPLES
from viewer_py.volume.projection import numeric_projection
from viewer_py.volume.reslice import PLANE, VALID_WEIGHT, Resliced, Samples, modality
from viewer_py.volume.trilinear import Voxels


def smallest_spacing(geometry: VolumeGeometry) -> float:
    """Return the smallest of the three voxel spacings, mm."""
    return min(
        float(np.linalg.norm(geometry.column_step)),
        float(np.linalg.norm(geometry.row_step)),
        geometry.nominal_distance,
    )


def curve_samples(geometry: VolumeGeometry, slab: Slab) -> tuple[float, float, int]:
    """Return first_mm, step_mm and count of the samples across a curved slab."""
    step = smallest_spacing(geometry)
    count = max(1, math.floor(slab.thickness_mm / step + 0.5))
    if count > MOST_SAMPLES:
        count, step = MOST_SAMPLES, slab.thickness_mm / MOST_SAMPLES
    return -(count - 1) / 2 * step, step, count


def curved(
    volume: Volume,
    points: Sequence[Vector3],
    across: Sequence[Vector3],
    step_mm: float,
    rows: int,
    slab: Slab = PLANE,
) -> Resliced:
    """Return the picture (rows, len(points)) of a volume along a curve, modality values.

    `points` and `across` as in `scene.model.CurveLayer`. Raises ValueError for fewer than two
    points, or another number of directions than points.
    """
    if len(points) < 2 or len(points) != len(across):
        raise ValueError("a curve needs two points or more, and a direction for each")
    table, voxels = SliceTable.of(volume.geometry), Voxels.of(volume)
    at, directions = np.array(points, dtype=float), np.array(across, dtype=float)
    through = np.cross(tangents(at), directions)
    first, step, count = curve_samples(volume.geometry, slab)
    offsets = (np.arange(rows) - (rows - 1) / 2) * step_mm
    samples = Samples((rows, len(at)), numeric_projection(volume, slab.projection))
    for sample in range(count):
        values = np.zeros((rows, len(at)), dtype=np.float32)
        valid = np.zeros(values.shape, dtype=np.bool_)
        for top in range(0, rows, max(CHUNK // len(at), 1)):
            part = slice(top, top + max(CHUNK // len(at), 1))
            line = at + (first + sample * step) * through
            s, j, i = table.indices(line + offsets[part, None, None] * directions)
            values[part], weights = voxels.read(s, j, i)
            valid[part] = ~np.isnan(s)
            if weights is not None:
                valid[part] &= weights >= VALID_WEIGHT
        samples.add(values, valid)
    return modality(volume, *samples.result())
