"""The rule of `viewer_py.volume.reslice`, written down once more, point by point and slowly."""

from __future__ import annotations

import itertools
import math

import numpy as np

from tests.volume.phantoms import points_of
from viewer_py.volume.assemble import to_index
from viewer_py.volume.model import Projection, SampleGrid, Slab, Volume
from viewer_py.volume.plan import slab_plan

WORD = {Projection.MIP: max, Projection.MINIP: min, Projection.AVGIP: lambda seen: np.mean(seen)}
Sample = tuple[float, float]


def voxel(volume: Volume, s: int, j: int, i: int) -> Sample:
    """Return the modality value of a voxel and its weight."""
    value = float(volume.values[s, j, i])
    padded = volume.has_padding and volume.padding_low <= value <= volume.padding_high
    if padded or not volume.present[s]:
        return 0.0, 0.0
    return value * volume.slope + volume.intercept, 1.0


def weighted(samples: list[tuple[float, Sample]]) -> float | None:
    """Return the weighted mean of (share, (value, weight)), None with less than half the weight."""
    weight = sum(share * one[1] for share, one in samples)
    if weight < 0.4999:
        return None
    return sum(share * one[0] * one[1] for share, one in samples) / weight


def neighbours(at: float, size: int) -> list[tuple[int, float]]:
    """Return the two nearest indices and their shares."""
    limited = min(max(at, 0.0), size - 1.0)
    low = min(int(limited), size - 1)
    return [(low, 1 - (limited - low)), (min(low + 1, size - 1), limited - low)]


def point(volume: Volume, index: np.ndarray) -> float | None:
    """Read one point, by rules 2 and 3."""
    if np.isnan(index).any():
        return None
    axes = [neighbours(at, size) for at, size in zip(index, volume.values.shape, strict=True)]
    return weighted(
        [
            (a[1] * b[1] * c[1], voxel(volume, a[0], b[0], c[0]))
            for a, b, c in itertools.product(*axes)
        ]
    )


def column(volume: Volume, axis: int, places: range, index: list[int], word: Projection) -> Sample:
    """Project the voxels along an axis, by rule 4."""
    seen = []
    for place in places:
        at = place
        if axis == 0:
            nominal = volume.geometry.nominal_distance
            there = [round(one / nominal) for one in volume.geometry.positions]
            if place not in there:
                continue
            at = there.index(place)
        if not 0 <= at < volume.values.shape[axis]:
            continue
        value, weight = voxel(volume, *index[:axis], at, *index[axis:])
        if weight:
            seen.append(value)
    return (WORD[word](seen), 1.0) if seen else (0.0, 0.0)


def reslice(volume: Volume, grid: SampleGrid, slab: Slab) -> np.ndarray:
    """Return modality values (height, width), nan where no data is."""
    plan = slab_plan(volume.geometry, grid, slab)
    points = points_of(grid)
    result = np.full(points.shape[:2], math.nan)
    for y, x in np.ndindex(result.shape):
        if plan.axis is None:
            seen = []
            for sample in range(plan.count):
                mm = plan.first_mm + sample * plan.step_mm
                moved = points[y, x] + mm * np.array(grid.normal)
                value = point(volume, to_index(volume.geometry, moved))
                if value is not None:
                    seen.append(value)
            found = WORD[slab.projection](seen) if seen else None
        else:
            found = _through(volume, points[y, x], plan.axis, plan.start, plan.count, slab)
        result[y, x] = math.nan if found is None else found
    return result


def _through(
    volume: Volume, at: np.ndarray, axis: int, start: int, count: int, slab: Slab
) -> float | None:
    """Read a point of the picture that is projected along `axis`."""
    geometry = volume.geometry
    step = (geometry.normal, geometry.row_step, geometry.column_step)[axis]
    # The index along the axis is of no matter: move the point to the middle of it.
    middle = np.array(geometry.corners[0]) + np.array(step) * (
        0 if axis == 0 else volume.values.shape[axis] / 2
    )
    direction = np.array(step) / np.linalg.norm(step)
    moved = at + ((middle - at) @ direction) * direction
    index = to_index(geometry, moved)
    if np.isnan(index).any():
        return None
    others = [place for place in range(3) if place != axis]
    pairs = [neighbours(index[other], volume.values.shape[other]) for other in others]
    return weighted(
        [
            (
                a[1] * b[1],
                column(volume, axis, range(start, start + count), [a[0], b[0]], slab.projection),
            )
            for a, b in itertools.product(*pairs)
        ]
    )
