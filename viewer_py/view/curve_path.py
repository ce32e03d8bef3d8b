"""From tapped points to the course of a curved reformation (C-33)."""

from __future__ import annotations

import functools
import itertools
import math
from typing import TYPE_CHECKING

from viewer_py.dicom.geometry import dot, unit
from viewer_py.dicom.manifest import Vector3
from viewer_py.view.planes import plus

if TYPE_CHECKING:
    from viewer_py.volume.curve import Curve

_MOST_SAMPLES = 4096

Points = tuple[Vector3, ...]


def sample_distance(points: Points, finest_mm: float) -> float:
    """Return how far apart, in mm, the samples of a curve through `points` lie."""
    return max(finest_mm, _chords(points) / _MOST_SAMPLES)


def is_long_enough(points: Points, step_mm: float) -> bool:
    """Tell whether a curve through these points has two samples or more."""
    return _chords(points) > step_mm


def _chords(points: Points) -> float:
    return sum(math.dist(one, other) for one, other in itertools.pairwise(points))


@functools.lru_cache(maxsize=4)
def course(points: Points, normals: Points, step_mm: float) -> Curve:
    """Return the curve through tapped `points`, its rows running as `normals` were tapped on.

    It is kept, for every picture asks for it anew. Raises ValueError for one without length.
    """
    # Volumes are looked into long after the first picture: nothing of them is imported before.
    from viewer_py.volume.curve import straightened

    return straightened(points, step_mm, down_across(normals))


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
