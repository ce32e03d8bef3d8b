"""Lengths: of a straight line and of a course of many (B-28, B-29).

A length is the sum of the distances from point to point in the plane of the picture, each axis by
its own spacing (PS3.3 10.7.1.3: rows and columns may differ).
"""

from __future__ import annotations

import numpy as np

from viewer_py.measure.model import MeasuredImage, Measurement, Points, Result, Words
from viewer_py.measure.ruler import Floats, ruler


def measure(points: Points, image: MeasuredImage) -> Measurement:
    """Return the length of the course through the points (column, row): two make a line."""
    scale = ruler(image, points)
    if isinstance(scale, Words):
        return Measurement((Result("length", None, note=scale),))
    value = course_length(scale.scaled(points))
    return Measurement((Result("length", value, scale.unit, scale.calibration, scale.note),))


def course_length(points: Floats) -> float:
    """Return the length of the course through points (n, 2), in their unit."""
    steps = np.diff(points, axis=0)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())
