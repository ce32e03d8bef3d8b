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

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from viewer_py.volume.lines import line_axis, read_lines
from viewer_py.volume.lookup import SliceTable
from viewer_py.volume.model import Projection, SampleGrid, Slab, Volume
from viewer_py.volume.picture import Floats, Picture
from viewer_py.volume.places import Places, bands, corners
from viewer_py.volume.plan import slab_plan
from viewer_py.volume.planes import standard_planes
from viewer_py.volume.projection import numeric_projection, projected, voxel_plane
from viewer_py.volume.states import vector
from viewer_py.volume.trilinear import Voxels

__all__ = ["PLANE", "VALID_WEIGHT", "Resliced", "Samples", "reslice", "standard_planes"]

# Half of the weight, less what rounding may take away.
VALID_WEIGHT = 0.4999

PLANE = Slab()

Mask = NDArray[np.bool_]
# Values as the volume holds them and their weights (None: all are 1), at places of a grid.
Read = Callable[[Places], tuple[Floats, Floats | None]]


@dataclass(frozen=True)
class Resliced:
    """Modality values (height, width), float32, and which of them have data."""

    values: Floats
    valid: Mask


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
    cutter = _Cutter(volume, SliceTable.of(volume.geometry))
    if plan.axis is not None:
        picture = projected(volume, plan.axis, plan.start, plan.count, slab.projection)
        return modality(volume, *cutter.picture(picture, plan.axis, grid))
    if plan.count == 1:
        return modality(volume, *cutter.plane(grid))
    samples = Samples((grid.height, grid.width), numeric_projection(volume, slab.projection))
    for sample in range(plan.count):
        offset = (plan.first_mm + sample * plan.step_mm) * np.array(grid.normal)
        origin = vector(np.array(grid.origin) + offset)
        samples.add(*cutter.plane(replace(grid, origin=origin)))
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


class _Cutter:
    """Cuts planes out of one volume: values as it holds them, and where they have data."""

    def __init__(self, volume: Volume, table: SliceTable) -> None:
        self._volume = volume
        self._table = table
        self._voxels: Voxels | None = None

    def plane(self, grid: SampleGrid) -> tuple[Floats, Mask]:
        """Return one plane, read the way that is quickest for how it lies."""
        shapes = Places.of(self._table, corners(grid))
        for axis, index in enumerate(shapes.indices):
            if index.size == 1 and np.isfinite(index).all():
                picture = voxel_plane(self._volume, axis, float(index[0, 0]))
                return self._read(grid, shapes, _from_picture(picture, axis), lambda at: at.outside)
        lines = line_axis(*shapes.indices)
        read = self._points if lines is None else self._from_lines(lines)
        return self._read(grid, shapes, read, lambda at: at.outside)

    def picture(self, picture: Picture, axis: int, grid: SampleGrid) -> tuple[Floats, Mask]:
        """Return what a grid shows of a picture that is projected along `axis`."""
        shapes = Places.of(self._table, corners(grid))
        read = _from_picture(picture, axis)
        return self._read(grid, shapes, read, lambda at: at.outside_picture(axis))

    def _read(
        self, grid: SampleGrid, shapes: Places, read: Read, outside: Callable[[Places], Mask]
    ) -> tuple[Floats, Mask]:
        values = np.zeros((grid.height, grid.width), dtype=np.float32)
        valid = np.zeros(values.shape, dtype=np.bool_)
        for rows, band in bands(grid, shapes):
            places = Places.of(self._table, band)
            nowhere = outside(places)
            if nowhere.all():
                continue
            values[rows], weights = read(places)
            valid[rows] = ~nowhere
            if weights is not None:
                valid[rows] &= weights >= VALID_WEIGHT
        return values, valid

    def _points(self, places: Places) -> tuple[Floats, Floats | None]:
        if self._voxels is None:
            self._voxels = Voxels.of(self._volume)
        return self._voxels.read(*places.indices)

    def _from_lines(self, axis: int) -> Read:
        def read(places: Places) -> tuple[Floats, Floats | None]:
            other, along = (places.i, places.j) if axis == 1 else (places.j, places.i)
            return read_lines(self._volume, axis, places.s, other, along)

        return read


def _from_picture(picture: Picture, axis: int) -> Read:
    """Return a reader of a picture along `axis`, at the two other indices."""

    def read(places: Places) -> tuple[Floats, Floats | None]:
        rows, columns = [at for place, at in enumerate(places.indices) if place != axis]
        values, weights = picture.read(rows, columns)
        if weights is not None:
            values /= np.maximum(weights, np.float32(1e-6))
        return values, weights

    return read
