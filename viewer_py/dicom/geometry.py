"""Where an image lies in the patient: axes, normal, affine, orientation letters.

The patient frame is LPS in mm: x to the left, y to the back, z to the head (PS3.3 C.7.6.2.1.1).
Image Position (Patient) is the *centre* of the first pixel.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.attributes import FrameAttributes, Vector3
from viewer_py.dicom.calibration import CalibrationState as CalibrationState
from viewer_py.dicom.calibration import Spacing as Spacing
from viewer_py.dicom.calibration import spacing as spacing

# Row and column direction may miss unit length and the right angle by this much (PS3.3 asks for
# exact ones; scanners write six decimals and some round to two).
DIRECTION_TOLERANCE = 0.02
# A component below this share of a direction (under 3 degrees) is not worth a letter.
SMALLEST_LETTER_SHARE = 0.05
_LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))
# Axis and sign of each letter.
_LETTER_AXES: dict[str, tuple[int, float]] = {
    letter: (axis, sign)
    for axis, pair in enumerate(_LETTERS)
    for letter, sign in zip(pair, (1.0, -1.0), strict=True)
}


def dot(one: Vector3, other: Vector3) -> float:
    """Return the scalar product."""
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]


def cross(one: Vector3, other: Vector3) -> Vector3:
    """Return the vector product."""
    return (
        one[1] * other[2] - one[2] * other[1],
        one[2] * other[0] - one[0] * other[2],
        one[0] * other[1] - one[1] * other[0],
    )


def unit(vector: Vector3) -> Vector3 | None:
    """Return the vector of length 1 in this direction, or None for a zero or non-finite one."""
    length = math.sqrt(dot(vector, vector))
    if not math.isfinite(length) or length == 0.0:
        return None
    return (vector[0] / length, vector[1] / length, vector[2] / length)


def image_axes(frame: FrameAttributes) -> tuple[Vector3, Vector3] | None:
    """Return the unit directions in which the column index and the row index grow.

    From Image Orientation (Patient). None when it is missing or its two directions are not, within
    DIRECTION_TOLERANCE, perpendicular and of unit length.
    """
    if frame.image_orientation_patient is None:
        return None
    a, b, c, d, e, f = frame.image_orientation_patient
    lengths = (math.hypot(a, b, c), math.hypot(d, e, f))
    if not all(abs(length - 1.0) <= DIRECTION_TOLERANCE for length in lengths):
        return None
    row, column = unit((a, b, c)), unit((d, e, f))
    if row is None or column is None or abs(dot(row, column)) > DIRECTION_TOLERANCE:
        return None
    return row, column


def slice_normal(frame: FrameAttributes) -> Vector3 | None:
    """Return the unit normal of the image plane, row × column direction; None without axes."""
    axes = image_axes(frame)
    return None if axes is None else unit(cross(*axes))


def pixel_to_patient(frame: FrameAttributes) -> NDArray[np.float64] | None:
    """Return the 4 × 4 matrix from (column index, row index, 0, 1) to the patient, LPS mm.

    Whole indices are pixel centres (PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1); the image coordinates
    of a scene are larger by 0.5. None when position, orientation or Pixel Spacing is missing.
    """
    axes = image_axes(frame)
    position = frame.image_position_patient
    if axes is None or position is None or frame.pixel_spacing is None:
        return None
    between_rows, between_columns = frame.pixel_spacing
    if not (0 < between_rows < math.inf and 0 < between_columns < math.inf):
        return None
    matrix = np.eye(4)
    matrix[:3, 0] = np.asarray(axes[0]) * between_columns
    matrix[:3, 1] = np.asarray(axes[1]) * between_rows
    matrix[:3, 2] = np.cross(axes[0], axes[1])
    matrix[:3, 3] = position
    return matrix


def orientation_letters(direction: Vector3) -> str:
    """Return the letters of a direction in the patient, the weightiest first: "L", "AR", "HLP".

    L R A P H F name where the direction points to (PS3.3 C.7.6.1.1.1). A zero direction has none.
    """
    along = unit(direction)
    if along is None:
        return ""
    shares = [
        (abs(share), positive if share > 0 else negative)
        for share, (positive, negative) in zip(along, _LETTERS, strict=True)
        if abs(share) >= SMALLEST_LETTER_SHARE
    ]
    shares.sort(key=lambda one: -one[0])
    return "".join(letter for _, letter in shares)


def direction_letters(frame: FrameAttributes, across: float, down: float) -> str:
    """Return the letters for a direction in the image: `across` the columns, `down` the rows.

    The two are lengths (mm, or square pixels), not indices. Where Image Orientation (Patient) is
    missing, Patient Orientation (radiographs) tells; where both are missing, the answer is "".
    """
    axes = image_axes(frame) or _stated_axes(frame)
    if axes is None:
        return ""
    row, column = axes
    return orientation_letters(
        (
            across * row[0] + down * column[0],
            across * row[1] + down * column[1],
            across * row[2] + down * column[2],
        )
    )


def _stated_axes(frame: FrameAttributes) -> tuple[Vector3, Vector3] | None:
    """Return the axes that Patient Orientation states, row direction then column direction."""
    if frame.patient_orientation is None:
        return None
    row, column = (_stated_direction(letters) for letters in frame.patient_orientation)
    return None if row is None or column is None else (row, column)


def _stated_direction(letters: str) -> Vector3 | None:
    """Return the direction of letters such as "AFR"; each further letter weighs half as much.

    None for no letters, unknown ones (animals have others) and two along one axis.
    """
    parts = [0.0, 0.0, 0.0]
    for place, letter in enumerate(letters.strip().upper()):
        axis, sign = _LETTER_AXES.get(letter, (0, 0.0))
        if sign == 0.0 or parts[axis] != 0.0:
            return None
        parts[axis] = sign * 0.5**place
    return unit((parts[0], parts[1], parts[2]))
