"""Freehand (自由测量): an open course has a length, a closed one an area (B-29)."""

from __future__ import annotations

from viewer_py.measure import length
from viewer_py.measure.model import MeasuredImage, Measurement, Points
from viewer_py.measure.regions import measure_polygon

FEWEST_CORNERS = 3


def measure(points: Points, image: MeasuredImage, closed: bool) -> Measurement:
    """Return the length of a course, or area, circumference and statistics of what it encloses."""
    if closed and len(points) >= FEWEST_CORNERS:
        return measure_polygon(points, image)
    return length.measure(points, image)
