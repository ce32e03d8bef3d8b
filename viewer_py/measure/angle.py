"""The angle at a vertex, 0 … 180 degrees (B-28)."""

from __future__ import annotations

from viewer_py.measure.model import MeasuredImage, Measurement, Points, Result, Words
from viewer_py.measure.ruler import angle_between, no_angle, ruler

NO_ARM = Words("一条边没有长度", "one side has no length")
DEGREES = "°"


def measure(points: Points, image: MeasuredImage) -> Measurement:
    """Return the angle of (one end, vertex, other end) in the plane of the picture.

    It is measured between lengths, not between pixels: these need not be square.
    """
    return Measurement((angle_result(image, points, (1, 0), (1, 2)),))


def angle_result(
    image: MeasuredImage, points: Points, one: tuple[int, int], other: tuple[int, int]
) -> Result:
    """Return the angle between two lines, each given by the places of its ends in `points`."""
    why = no_angle(image, points)
    scale = ruler(image, points)
    if why or isinstance(scale, Words):
        return Result("angle", None, note=why)
    placed = scale.scaled(points)
    value = angle_between(placed[one[1]] - placed[one[0]], placed[other[1]] - placed[other[0]])
    return Result("angle", value, DEGREES, note=NO_ARM if value is None else Words())
