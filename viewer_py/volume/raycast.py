"""Volume rendering (3D重建, B-47) on the processor; a shader copies this rule.

1. `rays` says where the samples lie: parallel rays, front to back, on one lattice of steps.
2. A sample is read as `lookup` and `reslice` (1 to 3) say. Outside of the clip box, and without
   data, it shows nothing.
3. Its modality value is looked up in the transfer table: a colour, and what a step of it hides.
4. A shaded colour is lit from the viewer: c · (1 + w · (AMBIENT + DIFFUSE · d - 1)) + w · SPECULAR
   · d^SHININESS, where d is |cosine| of gradient and ray, and w = |gradient| · EDGE_MM · per_value
   / (entries - 1), at most 1: flat tissue is not lit at all. The gradient is that of the trilinear
   interpolation itself, from the eight voxels that were read.
5. Front to back: what is left of the light times what the sample hides adds its colour; below
   1 - ENOUGH of light left, the ray ends. Behind everything it is black.
6. A `projection` instead shows the colour of the largest value of the ray.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.manifest import Vector3
from viewer_py.volume.lookup import SliceTable
from viewer_py.volume.model import SampleGrid, Volume
from viewer_py.volume.occupancy import BLOCK, BlockRanges, block_ranges, distances
from viewer_py.volume.rays import RayPlan, ray_plan
from viewer_py.volume.reslice import VALID_WEIGHT
from viewer_py.volume.transfer import ENTRIES, TransferTable
from viewer_py.volume.trilinear import Voxels

ENOUGH = 0.98
AMBIENT, DIFFUSE, SPECULAR, SHININESS = 0.25, 0.75, 0.2, 16
EDGE_MM = 4.0

# Rays marched together, so that what they need stays in the processor's cache.
RAYS = 1 << 14
# Indices further from straight than this over all slices are looked up one by one.
STRAIGHT = 1e-3

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]


def cast(
    volume: Volume,
    grid: SampleGrid,
    table: TransferTable,
    clip_low: Vector3 = (0.0, 0.0, 0.0),
    clip_high: Vector3 = (1.0, 1.0, 1.0),
    ranges: BlockRanges | None = None,
) -> NDArray[np.uint8]:
    """Return the picture of a volume rendering, (height, width, 3) RGB.

    Rays go through the samples of `grid` along its normal; the clip box is given as shares of the
    volume along columns, rows and slices. `ranges` are those of `block_ranges`, computed when None.
    Raises ValueError when the geometry is not a volume or the grid has no direction.
    """
    plan = ray_plan(volume.geometry, grid, clip_low, clip_high)
    blocks = distances(ranges or block_ranges(volume), volume, table)
    field = _Field(volume, plan, blocks)
    shading = _Shading(plan, table, volume)
    y, x = np.divmod(np.arange(grid.height * grid.width), grid.width)
    colors = np.empty((len(x), 3), dtype=np.float32)
    for begin in range(0, len(x), RAYS):
        part = slice(begin, begin + RAYS)
        starts = plan.start + x[part, None] * plan.across + y[part, None] * plan.down
        colors[part] = _march(field, shading, starts)
    shown = np.floor(np.clip(colors, 0, 1) * np.float32(255) + np.float32(0.5))
    picture: NDArray[np.uint8] = shown.astype(np.uint8).reshape(grid.height, grid.width, 3)
    return picture


class _Field:
    """A volume made ready for being read at many points."""

    def __init__(self, volume: Volume, plan: RayPlan, blocks: NDArray[np.uint8]) -> None:
        self.plan = plan
        self._volume = volume
        self._voxels = Voxels.of(volume)
        self._shape = volume.values.shape
        self._table = SliceTable.of(volume.geometry)
        self._blocks = blocks
        self._weighted = volume.has_padding or not bool(volume.present.all())
        self._rates = self._linear_rates()

    def _linear_rates(self) -> NDArray[np.float64] | None:
        """Return slices, column shifts and row shifts a mm; None where they are not even."""
        table, count = self._table, len(self._table.positions)
        if count < 2 or len(table.gap_starts):
            return None
        through = np.column_stack((np.arange(count), table.shifts))
        rates: NDArray[np.float64] = through[-1] / table.positions[-1]
        far = np.abs(through - table.positions[:, None] * rates).max()
        return rates if far <= STRAIGHT else None

    def ends(self, starts: NDArray[np.float64]) -> tuple[Indices, Indices]:
        """Return the first and last sample of each ray that can lie in the clip box."""
        table, plan = self._table, self.plan
        shifts = np.concatenate((table.shifts.min(0), table.shifts.max(0)))
        low = np.array([plan.low[0] + shifts[0], plan.low[1] + shifts[1], -table.half])
        high = np.array(
            [plan.high[0] + shifts[2], plan.high[1] + shifts[3], table.positions[-1] + table.half]
        )
        first = np.full(len(starts), plan.first, dtype=np.float64)
        last = np.full(len(starts), plan.last, dtype=np.float64)
        for axis in range(3):
            speed = plan.along[axis]
            if speed == 0.0:
                missed = (starts[:, axis] < low[axis]) | (starts[:, axis] > high[axis])
                last[missed] = plan.first - 1
                continue
            near = (low[axis] - starts[:, axis]) / speed
            far = (high[axis] - starts[:, axis]) / speed
            first = np.maximum(first, np.minimum(near, far) - 1e-6)
            last = np.minimum(last, np.maximum(near, far) + 1e-6)
        # Along a direction that is nothing but a rounding error, the ends lie beyond all integers.
        first = np.clip(np.ceil(first), plan.first, plan.last + 1)
        last = np.clip(np.floor(last), plan.first - 1, plan.last)
        return first.astype(np.intp), last.astype(np.intp)

    def indices(
        self, plane: NDArray[np.float64]
    ) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
        """Return s, j, i of points (n, 3) in (u, v, t), limited to the voxels, and which show."""
        table, plan = self._table, self.plan
        u, v, t = plane[:, 0], plane[:, 1], plane[:, 2]
        if self._rates is None:
            s = table.slices(t)
            known = ~np.isnan(s)
            su, sv = table.shifts_at(s)
            s = np.where(known, s, 0.0)
        else:
            known = (t >= -table.half) & (t <= table.positions[-1] + table.half)
            s, su, sv = t * self._rates[0], t * self._rates[1], t * self._rates[2]
        s = np.clip(s, 0, self._shape[0] - 1)
        indices = (u - su, v - sv, s)
        inside = known
        for index, low, high in zip(indices, plan.low, plan.high, strict=True):
            inside = inside & (index >= low) & (index <= high)
        i, j = (
            np.clip(index, 0, size - 1).astype(np.float32)
            for index, size in zip(indices, self._shape[:0:-1], strict=False)
        )
        return s.astype(np.float32), j, i, inside

    def distance(
        self, s: Floats, j: Floats, i: Floats, inside: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Return how many blocks away something shows: 0 here, 1 outside of the box."""
        block = [(index / BLOCK).astype(np.intp) for index in (s, j, i)]
        found = self._blocks[block[0], block[1], block[2]].astype(np.int64)
        return np.where(inside, found, 1)

    def read(self, s: Floats, j: Floats, i: Floats) -> _Read:
        """Read points by trilinear interpolation, as `reslice` does, and its differences."""
        (k, f), (y, g), (x, h) = (
            _split(at, size) for at, size in zip((s, j, i), self._shape, strict=True)
        )
        memory, strides = self._voxels, self._voxels.strides
        steps = [
            (0, np.where(at < size - 1, stride, 0))
            for at, size, stride in zip((k, y, x), self._shape, strides, strict=True)
        ]
        first = memory.base + k * strides[0] + y * strides[1] + x * strides[2]
        corners = [first + a + b + c for a in steps[0] for b in steps[1] for c in steps[2]]
        voxels = [memory.flat[corner].astype(np.float32) for corner in corners]
        if not self._weighted:
            return _Read(*_interpolated(voxels, f, g, h), None)
        weights = [self._weight(voxel, k + (n >> 2)) for n, voxel in enumerate(voxels)]
        weight, _ = _interpolated(weights, f, g, h)
        total, _ = _interpolated([v * w for v, w in zip(voxels, weights, strict=True)], f, g, h)
        mean = (total / np.maximum(weight, np.float32(1e-6))).astype(np.float32)
        # What has no data takes no part in a gradient either: the mean stands in for it.
        filled = [np.where(w > 0, v, mean) for v, w in zip(voxels, weights, strict=True)]
        _, differences = _interpolated(filled, f, g, h)
        return _Read(mean, differences, weight >= VALID_WEIGHT)

    def _weight(self, voxel: Floats, k: Indices) -> Floats:
        volume = self._volume
        counts = volume.present[np.minimum(k, self._shape[0] - 1)]
        if volume.has_padding:
            counts = counts & ((voxel < volume.padding_low) | (voxel > volume.padding_high))
        weight: Floats = counts.astype(np.float32)
        return weight


def _split(index: Floats, size: int) -> tuple[Indices, Floats]:
    before = np.minimum(index.astype(np.intp), size - 1)
    return before, index - before.astype(np.float32)


def _interpolated(voxels: list[Floats], f: Floats, g: Floats, h: Floats) -> tuple[Floats, Floats]:
    """Return the trilinear value of eight voxels, and its differences (3, n) by column, row, slice.

    Voxels run by column, then row, then slice; f, g, h are the shares along slice, row, column.
    """
    steps = [voxels[n + 1] - voxels[n] for n in (0, 2, 4, 6)]
    edges = [voxels[n] + step * h for n, step in zip((0, 2, 4, 6), steps, strict=True)]
    lower, upper = edges[1] - edges[0], edges[3] - edges[2]
    faces = edges[0] + lower * g, edges[2] + upper * g
    by_slice = faces[1] - faces[0]
    by_row = lower + (upper - lower) * f
    near = steps[0] + (steps[1] - steps[0]) * g
    far = steps[2] + (steps[3] - steps[2]) * g
    return faces[0] + by_slice * f, np.stack((near + (far - near) * f, by_row, by_slice))


@dataclass(frozen=True)
class _Read:
    """Values of samples as the volume holds them, differences an index (3, n), and which count."""

    values: Floats
    differences: Floats
    valid: NDArray[np.bool_] | None


@dataclass(frozen=True)
class _Light:
    """What rays have met so far: colours (n, 3), how much is hidden, the largest value."""

    colors: Floats
    hidden: Floats
    largest: Floats

    @classmethod
    def of(cls, count: int) -> _Light:
        """Return rays that have met nothing."""
        return cls(
            np.zeros((count, 3), dtype=np.float32),
            np.zeros(count, dtype=np.float32),
            np.full(count, -np.inf, dtype=np.float32),
        )


class _Shading:
    """Steps 3 to 6 of the rule."""

    def __init__(self, plan: RayPlan, table: TransferTable, volume: Volume) -> None:
        self._table, self._hides = table, table.of_step(plan.step_mm)
        self._slope, self._intercept = np.float32(volume.slope), np.float32(volume.intercept)
        self._to_gradient = (plan.to_gradient * volume.slope).astype(np.float32)
        self._view = plan.view.astype(np.float32)
        self._edge = np.float32(EDGE_MM * table.per_value / (ENTRIES - 1))

    def add(self, light: _Light, rays: Indices, read: _Read) -> None:
        """Add one sample to each of the rays."""
        values = read.values * self._slope + self._intercept
        if self._table.projection:
            if read.valid is not None:
                values = np.where(read.valid, values, np.float32(-np.inf))
            light.largest[rays] = np.maximum(light.largest[rays], values)
            return
        entries = self._table.entries(values)
        hides = np.take(self._hides, entries)
        if read.valid is not None:
            hides = hides * read.valid
        shows = np.flatnonzero(hides > 0)
        if not len(shows):
            return
        rays, entries = rays[shows], entries[shows]
        hides = hides[shows] * (1 - light.hidden[rays])
        colors = self._table.colors[entries]
        if self._table.shaded:
            colors = self._lit(colors, read.differences[:, shows])
        light.colors[rays] += colors * hides[:, None]
        light.hidden[rays] += hides

    def _lit(self, colors: Floats, differences: Floats) -> Floats:
        gradient = self._to_gradient @ differences
        length = np.sqrt((gradient * gradient).sum(axis=0))
        cosine = np.abs(self._view @ gradient) / np.maximum(length, np.float32(1e-20))
        weight = np.minimum(length * self._edge, 1)
        diffuse = 1 + weight * (AMBIENT + DIFFUSE * cosine - 1)
        lit: Floats = colors * diffuse[:, None] + (weight * SPECULAR * cosine**SHININESS)[:, None]
        return lit

    def finish(self, light: _Light) -> Floats:
        """Return the colours of the rays, (n, 3)."""
        if not self._table.projection:
            return light.colors
        met = np.isfinite(light.largest)
        entries = self._table.entries(np.where(met, light.largest, 0))
        colors: Floats = self._table.colors[entries] * met[:, None]
        return colors


def _march(field: _Field, shading: _Shading, starts: NDArray[np.float64]) -> Floats:
    """Return the colours (n, 3) of rays whose sample 0 lies at `starts` (n, 3)."""
    first, last = field.ends(starts)
    light = _Light.of(len(starts))
    rays = np.flatnonzero(first <= last)
    at = first[rays]
    while len(rays):
        s, j, i, inside = field.indices(starts[rays] + at[:, None] * field.plan.along)
        distance = field.distance(s, j, i, inside)
        seen = np.flatnonzero(distance == 0)
        if len(seen):
            shading.add(light, rays[seen], field.read(s[seen], j[seen], i[seen]))
        at = at + 1 + (np.maximum(distance - 1, 0) * field.plan.leap).astype(np.intp)
        goes_on = (at <= last[rays]) & (light.hidden[rays] < ENOUGH)
        rays, at = rays[goes_on], at[goes_on]
    return shading.finish(light)
