"""What a measurement says, and what it must know of the picture that it is taken from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.attributes import FrameAttributes
from viewer_py.dicom.calibration import Spacing, spacing_between
from viewer_py.measure.annotation import Annotation

Points = NDArray[np.float64]  # (n, 2): column, row; (0, 0) is the outer corner of the first pixel
Matrix4 = NDArray[np.float64]


@dataclass(frozen=True)
class Words:
    """A sentence or a unit's remark in both languages; empty where there is nothing to say."""

    chinese: str = ""
    english: str = ""

    def __bool__(self) -> bool:
        """Tell whether anything is said."""
        return bool(self.chinese)


NOTHING = Words()


@dataclass(frozen=True)
class Result:
    """One number of a measurement.

    `name` is a key of `viewer_py.measure.wording.NAMES` ("length", "area", "mean", …). `value` is
    None where there is no number: `note` says why. `calibration` is what a length is worth, empty
    for a length in the patient. `modality` says which of two fused pictures a value comes from.
    """

    name: str
    value: float | None
    unit: str = ""
    calibration: Words = NOTHING
    note: Words = NOTHING
    modality: str = ""


@dataclass(frozen=True)
class Measurement:
    """All numbers of one annotation, the one that matters first, and what a reader must know."""

    results: tuple[Result, ...] = ()
    warnings: tuple[Words, ...] = ()


@dataclass(frozen=True)
class PixelValues:
    """Modality values (rows, columns), float32, and which of them are image: padding is not."""

    values: NDArray[np.float32]
    valid: NDArray[np.bool_]


@dataclass(frozen=True)
class ValueUnit:
    """What a modality value, times `factor`, is called; "" where it has no unit.

    `note` says why it is not the unit that a reader expects (PET without SUV).
    """

    name: str = ""
    factor: float = 1.0
    note: Words = NOTHING


# Which rows and columns are wanted; both ranges lie inside the picture.
ReadValues = Callable[[range, range], PixelValues]


@dataclass(frozen=True)
class MeasuredImage:
    """The picture that an annotation lies on: a stored frame, or a plane through a volume.

    Made by `viewer_py.measure.pictures`. `to_patient` is the 4 × 4 matrix from (column index, row
    index, 0, 1), whole indices being pixel centres, to the patient (LPS, mm); None where that is
    not known. `frame` is the stored frame, None for a reformation, whose `plane_spacing` is in mm.
    `read` gives modality values, None while they are not there or where there are none;
    `no_values` then says why. `interpolated` values lie between voxels. `fused` is a second picture
    of the same plane (PET over CT), of which only values are taken.
    """

    modality: str
    rows: int
    columns: int
    to_patient: Matrix4 | None = None
    frame: FrameAttributes | None = None
    plane_spacing: Spacing | None = None
    read: ReadValues | None = None
    probe: Callable[[float, float], float | None] | None = None
    unit: ValueUnit = ValueUnit()
    no_values: Words = NOTHING
    interpolated: Words = NOTHING
    body_part: str = ""
    fused: MeasuredImage | None = None

    def points(self, annotation: Annotation) -> Points:
        """Return the points of an annotation as (column, row) of this picture, (n, 2).

        Points in the patient are projected along the picture's normal. Raises ValueError when they
        are in the patient and the picture is not, the other way round, or not finite.
        """
        points = np.array(annotation.points, dtype=np.float64).reshape(-1, 3)
        if not np.isfinite(points).all():
            raise ValueError("a point is not finite")
        if annotation.in_patient:
            return self.places(points)
        if self.frame is None:
            raise ValueError("a reformation has no image coordinates")
        return points[:, :2]

    def places(self, patient: NDArray[np.float64]) -> Points:
        """Return points (n, 3) of the patient, LPS mm, as (column, row) of this picture."""
        if self.to_patient is None:
            raise ValueError("the picture has no place in the patient")
        shifted = patient - self.to_patient[:3, 3]
        indices = np.linalg.solve(self.to_patient[:3, :3], shifted.T).T
        return np.asarray(indices[:, :2] + 0.5, dtype=np.float64)

    def spacing(self, points: Points) -> Spacing:
        """Return the spacing for a measurement with these (column, row) points."""
        if self.plane_spacing is not None:
            return self.plane_spacing
        if self.frame is None:
            raise ValueError("a picture is a frame or a plane")
        return spacing_between(self.frame, [(float(x), float(y)) for x, y in points])

    def within(self, column: float, row: float) -> bool:
        """Tell whether a place lies in the picture."""
        return (
            math.isfinite(column)
            and math.isfinite(row)
            and 0 <= column < self.columns
            and 0 <= row < self.rows
        )
