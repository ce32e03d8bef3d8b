"""Areas, circumferences and membership of closed outlines, in any one unit of length.

Membership follows the even-odd rule; a point on the outline belongs to the area on the side of
growing coordinates, so that two areas that touch never both have it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from viewer_py.measure.ruler import Floats

Mask = NDArray[np.bool_]
# Which of the places (columns) of one line (row) lie inside.
InsideLine = Callable[[Floats, float], Mask]


def polygon_area(points: Floats) -> float:
    """Return the area within the polygon (n, 2), by the shoelace formula.

    Right for outlines that do not cross themselves; `crosses_itself` tells.
    """
    x, y = (points - points[0]).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def polygon_inside(points: Floats) -> InsideLine:
    """Return the membership of a polygon (n, 2) of (column, row) points."""
    ends = np.roll(points, -1, axis=0)

    def inside(columns: Floats, row: float) -> Mask:
        crossed = (points[:, 1] <= row) != (ends[:, 1] <= row)
        start, end = points[crossed], ends[crossed]
        share = (row - start[:, 1]) / (end[:, 1] - start[:, 1])
        crossings = np.sort(start[:, 0] + share * (end[:, 0] - start[:, 0]))
        return np.asarray(np.searchsorted(crossings, columns, side="right") % 2 == 1)

    return inside


def crosses_itself(points: Floats) -> bool:
    """Tell whether two sides of the polygon (n, 2) cross each other properly.

    Sides that only touch do not count, so that going back and forth is no crossing.
    """
    ends = np.roll(points, -1, axis=0)
    sides = ends - points
    for number in range(len(points) - 1):
        others = slice(number + 1, None)
        apart = _turn(sides[number], points[others] - points[number])
        apart_ends = _turn(sides[number], ends[others] - points[number])
        back = _turn(sides[others], points[number] - points[others])
        back_end = _turn(sides[others], ends[number] - points[others])
        if bool(((apart * apart_ends < 0) & (back * back_end < 0)).any()):
            return True
    return False


def ellipse_inside(centre: Floats, one: Floats, other: Floats) -> InsideLine:
    """Return the membership of an ellipse with two conjugate half diameters, all (column, row)."""
    back = np.linalg.inv(np.array([one, other]).T)

    def inside(columns: Floats, row: float) -> Mask:
        across, down = columns - centre[0], row - centre[1]
        u = back[0, 0] * across + back[0, 1] * down
        v = back[1, 0] * across + back[1, 1] * down
        return np.asarray(u * u + v * v <= 1.0)

    return inside


def half_axes(one: Floats, other: Floats) -> tuple[float, float]:
    """Return the larger and the smaller half axis of the ellipse with these half diameters."""
    larger, smaller = np.linalg.svd(np.array([one, other]).T, compute_uv=False)
    return float(larger), float(smaller)


def ellipse_circumference(larger: float, smaller: float) -> float:
    """Return the circumference of an ellipse, by the arithmetic-geometric mean (DLMF 19.8.6).

    Each step doubles the digits: eight are more than a float holds.
    """
    if smaller <= 0.0:
        return 4.0 * larger
    a, g, weight, rest = larger, smaller, 0.5, (larger**2 + smaller**2) / 2
    for _ in range(12):
        a, g, half = (a + g) / 2, math.sqrt(a * g), (a - g) / 2
        weight *= 2
        rest -= weight * half * half
    return 2 * math.pi * rest / a


def _turn(one: Floats, other: Floats) -> Floats:
    return np.asarray(one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0])
