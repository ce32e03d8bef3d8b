"""Planes and slabs through a volume, on the processor; a shader copies this rule.

1. `lookup` says which (slice, row, column) a point is, and where no data is.
2. A point is read from its eight nearest voxel centres with trilinear weights of the fractions of
   its three indices (the indices being limited to 0 … last first). Interpolated are the values as
   the volume holds them, in float32; slope and intercept follow, VOI later.
3. Padding, and slices that are not present, have weight 0; the result is the weighted mean of the
   others. With less than half of the whole weight there is no data (VALID_WEIGHT).
4. `plan` says where the samples across a slab lie. With its `axis` None each sample is read as
   above, and samples with data make the value: their largest (MIP), smallest (MinIP) or mean
   (AvgIP). With an `axis` the voxels along it are projected first, by the same three, without
   padding and slices that are not there; then this picture, whose elements without any data have
   weight 0, is read bilinearly from its four nearest centres, as in 2 and 3.
   Largest and smallest are those of modality values: with a negative slope they change places.
5. Where nothing has data the sample is not valid, and its value is 0.

Three ways lead to the same numbers (but for the last bits of a float): a plane that lies along two
axes of the volume is cut out as a picture and stretched, one that lies along one axis is mixed of
lines of voxels, any other is read point by point.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from viewer_py.volume.lines import line_axis, read_lines
from viewer_py.volume.lookup import SliceTable
from viewer_py.volume.model import Projection, SampleGrid, Slab, Volume
from viewer_py.volume.picture import CHUNK, Coordinates, Floats, Picture
from viewer_py.volume.plan import STRAIGHT, slab_plan
from viewer_py.volume.planes import standard_planes
from viewer_py.volume.projection import numeric_projection, projected, voxel_plane
from viewer_py.volume.states import vector
from viewer_py.volume.trilinear import Voxels

__all__ = ["PLANE", "VALID_WEIGHT", "Resliced", "Samples", "reslice", "standard_planes"]

# Half of the weight, less what rounding may take away.
VALID_WEIGHT = 0.4999

PLANE = Slab()

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Resliced:
    """Modality values (height, width), float32, and which of them have data."""

    values: Floats
    valid: Mask


@dataclass(frozen=True)
class _Places:
    """The indices of a grid's samples in the volume, broadcasting to (height, width).

    What does not change along an axis of the grid has length 1 there. `s` is nan and `outside` True
    where no data is.
    """

    s: Coordinates
    j: Coordinates
    i: Coordinates
    outside: Mask

    @classmethod
    def of(cls, table: SliceTable, grid: SampleGrid) -> _Places:
        origin = table.to_plane @ (np.array(grid.origin) - table.origin)
        steps = np.array([grid.step_x, grid.step_y]) @ table.to_plane.T
        u, v, t = (_ramp(origin[axis], steps[:, axis], grid) for axis in range(3))
        s = table.slices(t)
        if np.any(np.abs(table.shifts) >= STRAIGHT):
            su, sv = table.shifts_at(s)
            u = u - su if np.any(np.abs(table.shifts[:, 0]) >= STRAIGHT) else u
            v = v - sv if np.any(np.abs(table.shifts[:, 1]) >= STRAIGHT) else v
        inside_u = (u >= -0.5) & (u <= table.columns - 0.5)
        inside_v = (v >= -0.5) & (v <= table.rows - 0.5)
        return cls(s, v, u, np.isnan(s) | ~inside_v | ~inside_u)


def _ramp(start: float, steps: NDArray[np.float64], grid: SampleGrid) -> Coordinates:
    """Return start + x · step_x + y · step_y; a step that is a rounding error counts as none."""
    along = np.arange(grid.width)[None, :] * steps[0]
    down = np.arange(grid.height)[:, None] * steps[1]
    at: Coordinates = np.full((1, 1), start)
    if abs(along[0, -1]) >= STRAIGHT:
        at = at + along
    if abs(down[-1, 0]) >= STRAIGHT:
        at = at + down
    return at


class Samples:
    """Collects samples across a slab: values, and where they have data."""

    def __init__(self, shape: tuple[int, int], projection: Projection) -> None:
        self._projection = projection
        self._count = np.zeros(shape, dtype=np.int32)
        worst = {Projection.MIP: -np.inf, Projection.MINIP: np.inf, Projection.AVGIP: 0.0}
        self._total: Floats = np.full(shape, worst[projection], dtype=np.float32)

    def add(self, values: Floats, valid: Mask) -> None:
        """Add one sample of every point."""
        function = {
            Projection.MIP: np.maximum,
            Projection.MINIP: np.minimum,
            Projection.AVGIP: np.add,
        }[self._projection]
        function(self._total, values, out=self._total, where=valid)
        self._count += valid

    def result(self) -> tuple[Floats, Mask]:
        """Return the projected values, and where there are any."""
        if self._projection is Projection.AVGIP:
            self._total /= np.maximum(self._count, 1)
        return self._total, self._count > 0


def reslice(volume: Volume, grid: SampleGrid, slab: Slab = PLANE) -> Resliced:
    """Return a plane or slab of the volume on a grid, by the rule above (B-36 to B-38, B-42).

    Raises ValueError when the geometry is not a volume or the slab has no direction.
    """
    plan = slab_plan(volume.geometry, grid, slab)
    table = SliceTable.of(volume.geometry)
    if plan.axis is not None:
        picture = projected(volume, plan.axis, plan.start, plan.count, slab.projection)
        return modality(volume, *_stretch(picture, plan.axis, _in_picture(table, grid, plan.axis)))
    reader = _Reader(volume, table)
    if plan.count == 1:
        return modality(volume, *reader.plane(grid))
    samples = Samples((grid.height, grid.width), numeric_projection(volume, slab.projection))
    for sample in range(plan.count):
        offset = (plan.first_mm + sample * plan.step_mm) * np.array(grid.normal)
        origin = vector(np.array(grid.origin) + offset)
        samples.add(*reader.plane(replace(grid, origin=origin)))
    return modality(volume, *samples.result())


def modality(volume: Volume, values: Floats, valid: Mask) -> Resliced:
    """Return the modality values of values as the volume holds them; 0 where not valid."""
    if volume.slope != 1.0:
        values = values * np.float32(volume.slope)
    if volume.intercept != 0.0:
        values = values + np.float32(volume.intercept)
    if not valid.all():
        values = np.where(valid, values, np.float32(0))
    return Resliced(values, valid)


def _in_picture(table: SliceTable, grid: SampleGrid, axis: int) -> _Places:
    """Return the places of a grid, for a picture that is projected along `axis`.

    The index along it is of no matter, and neither is whether it lies in the volume.
    """
    places = _Places.of(table, grid)
    inside_i = (places.i >= -0.5) & (places.i <= table.columns - 0.5)
    inside_j = (places.j >= -0.5) & (places.j <= table.rows - 0.5)
    nowhere = np.isnan(places.s)
    outside = (~(inside_j & inside_i), nowhere | ~inside_i, nowhere | ~inside_j)[axis]
    return replace(places, outside=outside)


def _stretch(picture: Picture, axis: int, places: _Places) -> tuple[Floats, Mask]:
    """Read a picture along `axis` at the two other indices of the places."""
    rows, columns = [(places.j, places.i), (places.s, places.i), (places.s, places.j)][axis]
    values, weights = picture.read(rows, columns)
    shape = np.broadcast_shapes(values.shape, places.outside.shape)
    valid = np.broadcast_to(~places.outside, shape)
    if weights is not None:
        values /= np.maximum(weights, np.float32(1e-6))
        valid = valid & (weights >= VALID_WEIGHT)
    return values, valid


class _Reader:
    """Reads planes of one volume."""

    def __init__(self, volume: Volume, table: SliceTable) -> None:
        self._volume = volume
        self._table = table
        self._voxels: Voxels | None = None

    def plane(self, grid: SampleGrid) -> tuple[Floats, Mask]:
        """Return the values of a plane, as the volume holds them, and where they have data."""
        shape = (grid.height, grid.width)
        places = _Places.of(self._table, grid)
        if places.outside.all():
            return np.zeros(shape, np.float32), np.zeros(shape, np.bool_)
        for axis, index in enumerate((places.s, places.j, places.i)):
            if index.size == 1:
                picture = voxel_plane(self._volume, axis, float(index[0, 0]))
                values, valid = _stretch(picture, axis, places)
                return np.broadcast_to(values, shape), np.broadcast_to(valid, shape)
        lines = line_axis(places.s, places.j, places.i)
        if lines is not None:
            return self._lines(places, lines)
        return self._points(places, shape)

    def _lines(self, places: _Places, axis: int) -> tuple[Floats, Mask]:
        other, along = (places.i, places.j) if axis == 1 else (places.j, places.i)
        values, weights = read_lines(self._volume, axis, places.s, other, along)
        valid = np.broadcast_to(~places.outside, values.shape)
        return values, valid if weights is None else valid & (weights >= VALID_WEIGHT)

    def _points(self, places: _Places, shape: tuple[int, int]) -> tuple[Floats, Mask]:
        if self._voxels is None:
            self._voxels = Voxels.of(self._volume)
        values = np.empty(shape, dtype=np.float32)
        valid = np.array(np.broadcast_to(~places.outside, shape))
        step = max(CHUNK // shape[1], 1)
        for top in range(0, shape[0], step):
            part = slice(top, top + step)
            indices = (
                index if index.shape[0] == 1 else index[part]
                for index in (places.s, places.j, places.i)
            )
            values[part], weights = self._voxels.read(*indices)
            if weights is not None:
                valid[part] &= weights >= VALID_WEIGHT
        return values, valid
