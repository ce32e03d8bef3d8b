"""From tapped points to an even curve through them (C-33)."""

from __future__ import annotations

import itertools
import math

from viewer_py.dicom.geometry import cross, dot, unit
from viewer_py.dicom.manifest import Vector3
from viewer_py.view.planes import minus, plus

_FINE = 24  # samples a span before they are made even
_MOST_SAMPLES = 4096

Points = tuple[Vector3, ...]


def even_path(points: Points, step_mm: float) -> Points:
    """Return points `step_mm` apart on a smooth curve (Catmull-Rom) through `points`.

    Raises ValueError for a curve without length.
    """
    fine = _smooth(points)
    lengths = [0.0]
    for one, other in itertools.pairwise(fine):
        away = minus(other, one)
        lengths.append(lengths[-1] + math.sqrt(dot(away, away)))
    count = min(int(lengths[-1] / step_mm) + 1, _MOST_SAMPLES)
    if count < 2:
        raise ValueError("the curve has no length")
    even, place = [], 0
    for number in range(count):
        target = number * step_mm
        while place < len(lengths) - 2 and lengths[place + 1] < target:
            place += 1
        span = lengths[place + 1] - lengths[place]
        share = (target - lengths[place]) / span if span > 0 else 0.0
        even.append(plus(fine[place], minus(fine[place + 1], fine[place]), share))
    return tuple(even)


def is_long_enough(points: Points, step_mm: float) -> bool:
    """Tell whether a curve through these points has two samples or more."""
    length = sum(math.dist(one, other) for one, other in itertools.pairwise(points))
    return length > step_mm


def _smooth(points: Points) -> Points:
    """Return many points of the Catmull-Rom spline; its ends run straight."""
    first = minus(points[0], minus(points[1], points[0]))
    last = plus(points[-1], minus(points[-1], points[-2]))
    ends = (first, *points, last)
    fine = [points[0]]
    for place in range(1, len(ends) - 2):
        fine += [
            _spline(ends[place - 1 : place + 3], number / _FINE) for number in range(1, _FINE + 1)
        ]
    return tuple(fine)


def _spline(four: Points, t: float) -> Vector3:
    a, b, c, d = four
    x, y, z = (
        0.5
        * (
            2 * b[axis]
            + (c[axis] - a[axis]) * t
            + (2 * a[axis] - 5 * b[axis] + 4 * c[axis] - d[axis]) * t * t
            + (3 * b[axis] - a[axis] - 3 * c[axis] + d[axis]) * t * t * t
        )
        for axis in range(3)
    )
    return (x, y, z)


def directions_across(path: Points, normal: Vector3) -> Points:
    """Return for each point of a path the unit direction nearest to `normal` that is across it.

    Where the path runs along `normal` itself, the direction before (or any across) stands.
    """
    across: list[Vector3] = []
    for place in range(len(path)):
        before, after = path[max(place - 1, 0)], path[min(place + 1, len(path) - 1)]
        tangent = unit(minus(after, before)) or (1.0, 0.0, 0.0)
        found = unit(plus(normal, tangent, -dot(normal, tangent)))
        slanted = abs(dot(normal, tangent)) > 0.999
        if found is None or slanted:
            found = across[-1] if across else unit(cross(tangent, _other(tangent))) or tangent
        across.append(found)
    return tuple(across)


def _other(direction: Vector3) -> Vector3:
    return (0.0, 1.0, 0.0) if abs(direction[0]) > 0.5 else (1.0, 0.0, 0.0)


def down_across(normals: Points) -> Vector3:
    """Return the direction between the normals of the planes that were tapped, as rows run down.

    To the feet, the back or the left, whichever is near: so the head is up, as in the planes.
    """
    first = normals[0]
    total: Vector3 = (0.0, 0.0, 0.0)
    for one in normals:
        total = plus(total, one, 1.0 if dot(one, first) >= 0 else -1.0)
    found = unit(total) or first
    axis = max(range(3), key=lambda one: abs(found[one]))
    wanted = (1.0, 1.0, -1.0)[axis]
    return found if found[axis] * wanted > 0 else (-found[0], -found[1], -found[2])
