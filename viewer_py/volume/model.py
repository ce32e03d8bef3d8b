"""A volume: parallel slices of one series, where they lie, and what their numbers mean.

The slices are kept as they came. What a scanner did to their geometry (tilt, uneven distances,
gaps) is carried by the geometry, so that nothing is resampled before it is looked at.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.manifest import FrameAttributes, Vector3


class VolumeState(enum.StrEnum):
    """What the slices of a series are to each other."""

    REGULAR = "REGULAR"  # parallel, evenly spaced, one above the other
    TILTED = "TILTED"  # evenly spaced along the normal, but shifted in their plane (gantry tilt)
    MISSING_SLICES = "MISSING_SLICES"  # evenly spaced but for whole slices that are not there
    IRREGULAR = "IRREGULAR"  # parallel, unevenly spaced: what lies between is interpolated
    NOT_A_VOLUME = "NOT_A_VOLUME"


class Projection(enum.StrEnum):
    """How the samples across a slab become one value."""

    MIP = "MIP"
    MINIP = "MINIP"
    AVGIP = "AVGIP"


@dataclass(frozen=True)
class VolumeGeometry:
    """Where the slices of a series lie in the patient (LPS, mm).

    `frames[k]` is the index, in the series, of slice k; slices ascend along `normal`. Pixel
    (column i, row j) of slice k has its centre at corners[k] + i · column_step + j · row_step.
    `positions[k]` is the distance of slice k from slice 0 along `normal`, ascending from 0, and
    `nominal_distance` the usual distance of two slices, both in mm.
    `gaps` are those k for which slices are missing between k and k + 1; within a gap only what is
    nearer than half of `nominal_distance` to a slice is that slice, the rest is no data.
    `missing_slices`, `tilt_degrees` and `reason` are what the reader is told; with NOT_A_VOLUME
    only `state` and `reason` mean anything.
    """

    state: VolumeState
    reason: str = ""
    frames: tuple[int, ...] = ()
    rows: int = 0
    columns: int = 0
    column_step: Vector3 = (1.0, 0.0, 0.0)
    row_step: Vector3 = (0.0, 1.0, 0.0)
    normal: Vector3 = (0.0, 0.0, 1.0)
    corners: tuple[Vector3, ...] = ()
    positions: tuple[float, ...] = ()
    nominal_distance: float = 1.0
    gaps: tuple[int, ...] = ()
    missing_slices: int = 0
    tilt_degrees: float = 0.0
    frame_of_reference_uid: str = ""

    @cached_property
    def box(self) -> tuple[Vector3, ...]:
        """The outer corners of the first and last slices, half a pixel around the centres.

        LPS, mm. For a tilted volume they are the corners of its sheared box. Every step through
        the volume asks for them many times.
        """
        across, down = self.column_step, self.row_step
        return tuple(
            (
                x + across[0] * column + down[0] * row,
                y + across[1] * column + down[1] * row,
                z + across[2] * column + down[2] * row,
            )
            for x, y, z in (self.corners[0], self.corners[-1])
            for column in (-0.5, self.columns - 0.5)
            for row in (-0.5, self.rows - 0.5)
        )


@dataclass(frozen=True)
class Volume:
    """The numbers of a volume.

    `values` has the shape (slices, rows, columns): stored values (u/int 8 or 16), or modality
    values in float32 where the slices have rescales of their own (PET). A modality value is
    slope · value + intercept. Slices whose `present` is False have not arrived and count as no
    data, like values from `padding_low` to `padding_high` when `has_padding`.

    `reduction` is (slices, rows, columns) of the original per element of `values`: (1, 1, 1) is
    the full resolution; `geometry` is always that of `values` itself.
    `frame` holds the attributes of one frame of the series, for window and words.
    """

    series_id: str
    geometry: VolumeGeometry
    values: NDArray[Any]
    present: NDArray[np.bool_]
    frame: FrameAttributes
    slope: float = 1.0
    intercept: float = 0.0
    has_padding: bool = False
    padding_low: float = 0.0
    padding_high: float = 0.0
    reduction: tuple[int, int, int] = (1, 1, 1)
    generation: int = 0  # grows whenever `values` or `present` change in place


@dataclass(frozen=True)
class Slab:
    """A slab of `thickness_mm` across a plane; thinner than a sample step it is the plane."""

    thickness_mm: float = 0.0
    projection: Projection = Projection.MIP


@dataclass(frozen=True)
class SampleGrid:
    """A rectangle of points in the patient: (x, y) lies at origin + x · step_x + y · step_y.

    `origin` is the point of the grid's first sample, steps are LPS mm a sample; `normal` is the
    unit direction across, towards the viewer's back, along which a slab extends evenly.
    """

    origin: Vector3
    step_x: Vector3
    step_y: Vector3
    normal: Vector3
    width: int
    height: int
