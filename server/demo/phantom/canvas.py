"""A slice to paint tissues on, with edges as soft as the scanner would see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Plane:
    """An axial sampling plane: `x` (columns,) to the left, `y` (rows,) backwards, in mm (LPS).

    `edge` is the width in mm over which a boundary blurs (point spread, partial volume).
    """

    x: FloatArray
    y: FloatArray
    z: float
    edge: float

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return len(self.y), len(self.x)


@dataclass(frozen=True)
class Region:
    """A rectangle of a plane with its coordinates, ready to broadcast."""

    rows: slice
    columns: slice
    x: FloatArray  # (1, columns)
    y: FloatArray  # (rows, 1)
    z: float

    @property
    def index(self) -> tuple[slice, slice]:
        """What to index an image of the whole plane with."""
        return self.rows, self.columns


def square_plane(size: int, width: float, z: float, edge: float, center_y: float = 0.0) -> Plane:
    """Return a plane of `size`² pixels over `width` mm around the body's axis."""
    step = width / size
    axis = ((np.arange(size) - (size - 1) / 2) * step).astype(np.float32)
    return Plane(x=axis, y=axis + np.float32(center_y), z=z, edge=edge)


def coverage(distance: FloatArray, edge: float) -> FloatArray:
    """Turn a signed distance (mm, negative inside) into the covered part of a pixel, 0…1."""
    result: FloatArray = np.clip(0.5 - distance / np.float32(edge), 0, 1, dtype=np.float32)
    return result


class Canvas:
    """Values of one slice; tissues are laid over each other from the outside inwards."""

    def __init__(self, plane: Plane, values_of: Mapping[str, float], ground: str) -> None:
        self.plane = plane
        self.values_of = values_of
        self.values: FloatArray = np.full(plane.shape, values_of[ground], dtype=np.float32)

    def region(self, x_low: float, x_high: float, y_low: float, y_high: float) -> Region | None:
        """Return the part of the plane within the box (mm); None when nothing is left."""
        x, y = self.plane.x, self.plane.y
        left, right = np.searchsorted(x, (x_low, x_high))
        top, bottom = np.searchsorted(y, (y_low, y_high))
        if left >= right or top >= bottom:
            return None
        return Region(
            rows=slice(int(top), int(bottom)),
            columns=slice(int(left), int(right)),
            x=x[None, left:right],
            y=y[top:bottom, None],
            z=self.plane.z,
        )

    def whole(self) -> Region:
        """Return the whole plane."""
        rows, columns = self.plane.shape
        x, y = self.plane.x[None, :], self.plane.y[:, None]
        return Region(slice(0, rows), slice(0, columns), x, y, self.plane.z)

    def lay(self, region: Region, tissue: str, covered: FloatArray) -> None:
        """Lay a tissue over the region where `covered` (0…1) says so."""
        part = self.values[region.index]
        part += covered * (np.float32(self.values_of[tissue]) - part)

    def paint(self, region: Region, tissue: str, distance: FloatArray) -> None:
        """Lay a tissue over the inside of a signed distance (mm)."""
        self.lay(region, tissue, coverage(distance, self.plane.edge))
