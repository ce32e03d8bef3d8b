"""The curve of a curved planar reformation, from control points to columns (C-33), LPS mm.

The curve is a centripetal Catmull-Rom spline: it goes through every control point, and makes
neither loops nor overshoots where they lie unevenly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.geometry import dot, unit
from viewer_py.dicom.manifest import Vector3
from viewer_py.volume.states import vector

# Points between two control points from which the length of the curve is measured.
FINE = 64
# Control points nearer to each other than this, in mm, count as one.
SAME_POINT_MM = 1e-3
# A direction of which less than this share lies across a curve does not tell how to look at it.
SMALLEST_ACROSS = 1e-3
# A longer curve ends here: no vessel has so many voxels.
MOST_POINTS = 4096

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A curve as `scene.model.CurveLayer` takes it: points and, for each, the direction across."""

    points: tuple[Vector3, ...]
    across: tuple[Vector3, ...]


def spline(controls: Sequence[Vector3], step_mm: float) -> Floats:
    """Return points (n, 3) on the smooth curve through the control points, `step_mm` apart.

    The distance is that along the curve; the first point is the first control point, and what
    remains before the last is less than a step, or beyond MOST_POINTS. Raises ValueError for fewer
    than two different control points or a step that is not positive.
    """
    return _even(_smooth(controls, step_mm), step_mm)


def _smooth(controls: Sequence[Vector3], step_mm: float) -> Floats:
    """Return many points on the smooth curve; raises ValueError as `spline`."""
    if not step_mm > 0:
        raise ValueError("the step along a curve must be positive")
    at = _different(np.array(controls, dtype=float).reshape(-1, 3))
    if len(at) < 2:
        raise ValueError("a curve needs two different points")
    return _catmull_rom(at)


def _even(fine: Floats, step_mm: float) -> Floats:
    """Return points on a line of many short pieces, `step_mm` apart along it."""
    lengths = np.concatenate(([0.0], np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))))
    wanted = np.arange(0.0, lengths[-1] * (1 + 1e-9), step_mm)[:MOST_POINTS]
    points: Floats = np.stack(
        [np.interp(wanted, lengths, fine[:, axis]) for axis in range(3)], axis=-1
    )
    return points


def _different(points: Floats) -> Floats:
    """Leave out points that repeat the one before."""
    kept = list(points[:1])
    for point in points[1:]:
        if np.linalg.norm(point - kept[-1]) > SAME_POINT_MM:
            kept.append(point)
    return np.array(kept).reshape(-1, 3)


def _catmull_rom(at: Floats) -> Floats:
    """Return FINE points a segment on the centripetal Catmull-Rom spline, and the last one."""
    first, last = 2 * at[0] - at[1], 2 * at[-1] - at[-2]
    padded = np.concatenate(([first], at, [last]))
    knots = np.concatenate(
        ([0.0], np.cumsum(np.sqrt(np.linalg.norm(np.diff(padded, axis=0), axis=1))))
    )
    share = np.arange(FINE) / FINE
    parts = []
    for segment in range(len(at) - 1):
        t = knots[segment : segment + 4]
        place = (t[1] + share * (t[2] - t[1]))[:, None]
        parts.append(_segment(padded[segment : segment + 4], t, place))
    return np.concatenate([*parts, at[-1:]])


def _segment(p: Floats, t: Floats, at: Floats) -> Floats:
    """Return points of one segment by the pyramid of Barry and Goldman."""

    def between(one: Floats, other: Floats, low: float, high: float) -> Floats:
        return ((high - at) * one + (at - low) * other) / (high - low)

    a = [between(p[k], p[k + 1], t[k], t[k + 1]) for k in range(3)]
    b = [between(a[k], a[k + 1], t[k], t[k + 2]) for k in range(2)]
    return between(b[0], b[1], t[1], t[2])


def tangents(points: Floats) -> Floats:
    """Return the unit tangents (n, 3) of a curve of n ≥ 2 points; zero where it stands still."""
    slopes: Floats = np.gradient(np.asarray(points, dtype=float), axis=0)
    slopes /= np.maximum(np.linalg.norm(slopes, axis=1, keepdims=True), 1e-12)
    return slopes


def straightened(
    controls: Sequence[Vector3], step_mm: float, start: Vector3 | None = None
) -> Curve:
    """Return the curve of a straightened CPR: the direction across turns with it, never about it.

    It is carried from point to point and made perpendicular anew (parallel transport).
    `start` is a direction to begin with (its part across the curve counts); None: any. Raises
    ValueError as `spline`.
    """
    points = spline(controls, step_mm)
    if len(points) < 2:
        raise ValueError("the curve is shorter than a step")
    across: list[Vector3] = []
    for tangent in tangents(points).tolist():
        across.append(_perpendicular(tangent, across[-1] if across else start))
    return Curve(tuple(map(vector, points)), tuple(across))


def _perpendicular(tangent: Vector3, wanted: Vector3 | None) -> Vector3:
    """Return the unit direction across the tangent that lies nearest to `wanted`."""
    along = [abs(part) for part in tangent]
    farthest: Vector3 = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))[along.index(min(along))]
    direction = unit(wanted) if wanted is not None else None
    for one in (direction or farthest, farthest):
        share = dot(one, tangent)
        x, y, z = (part - share * there for part, there in zip(one, tangent, strict=True))
        if dot((x, y, z), (x, y, z)) > SMALLEST_ACROSS**2:
            break
    found = unit((x, y, z))
    assert found is not None
    return found
