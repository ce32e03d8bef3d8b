"""How a distance on a picture becomes a length, and when neither length nor angle may be given.

Lengths are mm times the words of their calibration; where there are no mm they are pixels, called
未校准 (with Pixel Aspect Ratio: widths of a pixel). PS3.3 10.7, C.8.5.5; anchors, traps 1 and 15.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.attributes import FrameAttributes
from viewer_py.dicom.calibration import (
    CENTIMETRES,
    SAME_SPACING,
    CalibrationState,
    is_spacing,
    region_at,
)
from viewer_py.measure.model import NOTHING, MeasuredImage, Points, Words

Floats = NDArray[np.float64]

SEVERAL_REGIONS = Words("各点须在同一个超声区域内", "all points must lie in one ultrasound region")
NOT_LENGTHS = Words(
    "此超声区域的坐标轴不是长度", "the axes of this ultrasound region are no lengths"
)
NO_SHAPE = Words(
    "像素的长宽比不明，不能测量角度", "the shape of a pixel is not known: no angle can be measured"
)


@dataclass(frozen=True)
class Ruler:
    """Length of a step across the columns and of one down the rows, in `unit` ("mm" or "px")."""

    across: float
    down: float
    unit: str
    calibration: Words = NOTHING
    note: Words = NOTHING

    @property
    def area_unit(self) -> str:
        """The unit of an area."""
        return f"{self.unit}²"

    def scaled(self, points: Points) -> Floats:
        """Return (column, row) points as lengths along both axes."""
        return np.asarray(points * np.array([self.across, self.down]), dtype=np.float64)


def ruler(image: MeasuredImage, points: Points) -> Ruler | Words:
    """Return what lengths between these (column, row) points are made with, or why there are none.

    In ultrasound all points must lie in one region: lengths of two regions cannot be compared.
    """
    frame = image.frame
    if frame is not None and _in_several_regions(frame, points):
        return SEVERAL_REGIONS
    spacing = image.spacing(points)
    label = spacing.label
    calibration = Words(label.chinese, label.english)
    note = NOT_LENGTHS if frame is not None and _in_other_units(frame, points) else NOTHING
    unit = "mm" if spacing.in_mm else "px"
    return Ruler(spacing.between_columns, spacing.between_rows, unit, calibration, note)


def no_angle(image: MeasuredImage, points: Points) -> Words:
    """Return why no angle can be measured between these points, NOTHING when one can.

    The shape of a pixel must be known. An object without Pixel Spacing and Pixel Aspect Ratio says
    by their absence that its pixels are square (PS3.3 C.7.6.3.1.7); one whose spacings contradict
    each other may still agree in the shape.
    """
    frame = image.frame
    if frame is None:
        return NOTHING
    if _in_several_regions(frame, points):
        return SEVERAL_REGIONS
    if _in_other_units(frame, points):
        return NOT_LENGTHS
    if image.spacing(points).state is CalibrationState.ERROR and not _one_shape(frame):
        return NO_SHAPE
    return NOTHING


def angle_between(one: Floats, other: Floats) -> float | None:
    """Return the angle between two directions in degrees, 0 … 180; None for one without length.

    By atan2 of the two products, which is exact at 0 and 180 degrees too (trap 10).
    """
    if not one.any() or not other.any():
        return None
    cross = float(one[0] * other[1] - one[1] * other[0])
    return float(np.degrees(np.arctan2(abs(cross), float(one @ other))))


def _in_several_regions(frame: FrameAttributes, points: Points) -> bool:
    if not frame.ultrasound_regions:
        return False
    return len({region_at(frame, float(x), float(y)) for x, y in points}) > 1


def _in_other_units(frame: FrameAttributes, points: Points) -> bool:
    """Tell whether the points lie in a region of which not both axes are centimetres."""
    if not frame.ultrasound_regions:
        return False
    region = region_at(frame, float(points[0, 0]), float(points[0, 1]))
    units = {region.physical_units_x, region.physical_units_y} if region else {CENTIMETRES}
    return units != {CENTIMETRES}


def _one_shape(frame: FrameAttributes) -> bool:
    """Tell whether all spacings that contradict each other make pixels of one shape.

    Pixel Aspect Ratio must not contradict them either: it is what an angle is then measured with.
    """
    pairs = [
        pair
        for pair in (frame.pixel_spacing, frame.imager_pixel_spacing)
        if pair is not None and is_spacing(pair)
    ]
    shapes = [pair[0] / pair[1] for pair in pairs]
    aspect = frame.pixel_aspect_ratio
    shapes.append(aspect[0] / aspect[1] if aspect and min(aspect) > 0 else 1.0)
    return all(abs(shape - shapes[0]) <= SAME_SPACING * shapes[0] for shape in shapes)
