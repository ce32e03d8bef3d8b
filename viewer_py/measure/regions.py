"""Rectangle, ellipse and circle: area, circumference, and what their pixels say (B-28, B-29).

Areas are geometric, from the points themselves, never a number of pixels (anchors, traps 12, 13).
A rectangle or an ellipse may lie in any direction on the picture.
"""

from __future__ import annotations

import math

import numpy as np

from viewer_py.measure.length import course_length
from viewer_py.measure.model import MeasuredImage, Measurement, Points, Result, Words
from viewer_py.measure.outline import (
    crosses_itself,
    ellipse_circumference,
    ellipse_inside,
    half_axes,
    polygon_area,
    polygon_inside,
)
from viewer_py.measure.ruler import Floats, Ruler, ruler
from viewer_py.measure.statistics import Region, statistics

CROSSING = Words("轮廓与自身相交，请重画", "the outline crosses itself: draw it anew")
NO_AREA = Words("没有面积", "without an area")
_TURNS = np.linspace(0.0, 2 * math.pi, 64, endpoint=False)


def measure_rectangle(points: Points, image: MeasuredImage) -> Measurement:
    """Return what is known of the rectangle with these four corners in order round it."""
    return measure_polygon(points, image)


def measure_polygon(points: Points, image: MeasuredImage) -> Measurement:
    """Return area, circumference and statistics of a closed outline (n, 2) of (column, row)."""
    scale = ruler(image, points)
    if isinstance(scale, Words):
        return _without_size(scale, image, Region.of(polygon_inside(points), points))
    placed = scale.scaled(points)
    crossing = crosses_itself(placed)
    area = None if crossing else polygon_area(placed)
    around = course_length(np.concatenate((placed, placed[:1])))
    sizes = _sizes(scale, area, around, CROSSING if crossing else scale.note)
    region = Region.of(polygon_inside(points), points)
    return Measurement((*sizes, *statistics(image, region)))


def measure_ellipse(points: Points, image: MeasuredImage) -> Measurement:
    """Return what is known of the ellipse; the points are one axis' two ends, then the other's."""
    centre = points.mean(axis=0)
    return _ellipse(centre, (points[1] - points[0]) / 2, (points[3] - points[2]) / 2, image, False)


def measure_circle(points: Points, image: MeasuredImage) -> Measurement:
    """Return what is known of the circle round the first point through the second.

    It is a circle in lengths: where pixels are not square it is an ellipse in (column, row).
    """
    scale = ruler(image, points)
    if isinstance(scale, Words):
        return Measurement((Result("area", None, note=scale),))
    radius = course_length(scale.scaled(points))
    across, down = np.array([radius / scale.across, 0.0]), np.array([0.0, radius / scale.down])
    return _ellipse(points[0], across, down, image, True)


def _ellipse(
    centre: Floats, one: Floats, other: Floats, image: MeasuredImage, circle: bool
) -> Measurement:
    outline = centre + np.outer(np.cos(_TURNS), one) + np.outer(np.sin(_TURNS), other)
    scale = ruler(image, outline)
    flat = abs(one[0] * other[1] - one[1] * other[0]) < 1e-12
    region = _ellipse_region(centre, one, other, flat)
    if isinstance(scale, Words):
        return _without_size(scale, image, region)
    larger, smaller = half_axes(scale.scaled(one), scale.scaled(other))
    area = math.pi * larger * smaller
    sizes = _sizes(scale, area, ellipse_circumference(larger, smaller), scale.note)
    if circle:
        sizes.append(Result("diameter", larger + smaller, scale.unit, scale.calibration))
    return Measurement((*sizes, *statistics(image, region)))


def _ellipse_region(centre: Floats, one: Floats, other: Floats, flat: bool) -> Region:
    reach = np.hypot(one, other)
    inside = (
        (lambda columns, _row: np.zeros(len(columns), dtype=np.bool_))
        if flat
        else ellipse_inside(centre, one, other)
    )
    return Region(inside, centre - reach, centre + reach, centre)


def _sizes(scale: Ruler, area: float | None, around: float, note: Words) -> list[Result]:
    return [
        Result("area", area, scale.area_unit, scale.calibration, note),
        Result("circumference", around, scale.unit, scale.calibration),
    ]


def _without_size(why: Words, image: MeasuredImage, region: Region) -> Measurement:
    return Measurement((Result("area", None, note=why), *statistics(image, region)))
