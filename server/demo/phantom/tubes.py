"""Tubes along curves in space: ribs, vessels, bronchi. Many at once, stamped into a slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from server.demo.phantom.canvas import Canvas, FloatArray, Point

LONGEST_PIECE = 5.0
HALF_SIZES = (3, 5, 8, 12, 18, 26, 40)


@dataclass(frozen=True)
class Tubes:
    """Straight pieces with a radius at each end: arrays (pieces, 3) and (pieces,), in mm.

    `flatten` < 1 makes the cross-section taller than wide (a rib is a flat bone).
    """

    start: FloatArray
    end: FloatArray
    start_radius: FloatArray
    end_radius: FloatArray
    flatten: float = 1.0

    def grown(self, by: float) -> Tubes:
        """Return the tubes thicker by `by` mm (thinner when negative)."""
        return Tubes(
            self.start,
            self.end,
            np.maximum(self.start_radius + np.float32(by), np.float32(0.05)),
            np.maximum(self.end_radius + np.float32(by), np.float32(0.05)),
            self.flatten,
        )


def join(parts: Sequence[Tubes]) -> Tubes:
    """Put several sets of tubes into one (of the first one's flatness)."""
    return Tubes(
        np.concatenate([part.start for part in parts]),
        np.concatenate([part.end for part in parts]),
        np.concatenate([part.start_radius for part in parts]),
        np.concatenate([part.end_radius for part in parts]),
        parts[0].flatten,
    )


def curve(points: Sequence[Point], radii: Sequence[float], flatten: float = 1.0) -> Tubes:
    """Return a smooth tube through the points (Catmull-Rom), radii in mm at the points."""
    knots = np.array(points, dtype=np.float64)
    padded = np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
    samples: list[FloatArray] = []
    thickness: list[float] = []
    for index in range(len(knots) - 1):
        p0, p1, p2, p3 = padded[index : index + 4]
        count = max(1, int(np.ceil(float(np.linalg.norm(p2 - p1)) / LONGEST_PIECE)))
        for step in range(count):
            t = step / count
            bend = 2 * p0 - 5 * p1 + 4 * p2 - p3
            cubic = -p0 + 3 * p1 - 3 * p2 + p3
            samples.append(0.5 * (2 * p1 + (p2 - p0) * t + bend * t**2 + cubic * t**3))
            thickness.append(radii[index] * (1 - t) + radii[index + 1] * t)
    samples.append(knots[-1])
    thickness.append(radii[-1])
    path = np.array(samples, dtype=np.float32)
    radius = np.array(thickness, dtype=np.float32)
    return Tubes(path[:-1], path[1:], radius[:-1], radius[1:], flatten)


def split(start: FloatArray, end: FloatArray, r0: FloatArray, r1: FloatArray) -> Tubes:
    """Cut pieces longer than 5 mm, so that each fits a small stamp."""
    length = np.linalg.norm(end - start, axis=1)
    counts = np.maximum(1, np.ceil(length / LONGEST_PIECE)).astype(int)
    piece = np.repeat(np.arange(len(counts)), counts)
    order = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts)
    low = (order / counts[piece]).astype(np.float32)
    high = ((order + 1) / counts[piece]).astype(np.float32)
    way = end - start
    return Tubes(
        start[piece] + way[piece] * low[:, None],
        start[piece] + way[piece] * high[:, None],
        r0[piece] + (r1 - r0)[piece] * low,
        r0[piece] + (r1 - r0)[piece] * high,
    )


def _stamp(canvas: Canvas, tubes: Tubes, chosen: FloatArray, half: int, image: FloatArray) -> None:
    plane = canvas.plane
    a, b = tubes.start[chosen], tubes.end[chosen]
    ra, rb = tubes.start_radius[chosen], tubes.end_radius[chosen]
    rows, columns = plane.shape
    step_x = float(plane.x[1] - plane.x[0])
    step_y = float(plane.y[1] - plane.y[0])
    middle = (a + b) / 2
    column = np.rint((middle[:, 0] - plane.x[0]) / step_x).astype(int)
    row = np.rint((middle[:, 1] - plane.y[0]) / step_y).astype(int)
    half_y = max(1, int(np.ceil(half * step_x / step_y)))
    cols = column[:, None] + np.arange(-half, half + 1)
    lines = row[:, None] + np.arange(-half_y, half_y + 1)
    px = (np.float32(plane.x[0]) + cols * np.float32(step_x) - a[:, :1])[:, None, :]
    py = (np.float32(plane.y[0]) + lines * np.float32(step_y) - a[:, 1:2])[:, :, None]
    pz = ((np.float32(plane.z) - a[:, 2]) * np.float32(tubes.flatten))[:, None, None]
    way = b - a
    way = way * np.array([1, 1, tubes.flatten], dtype=np.float32)
    square = np.maximum((way * way).sum(axis=1), np.float32(1e-6))
    wx, wy, wz = (way[:, axis][:, None, None] for axis in range(3))
    t = np.clip((px * wx + py * wy + pz * wz) / square[:, None, None], 0, 1)
    ex, ey, ez = px - t * wx, py - t * wy, pz - t * wz
    radius = ra[:, None, None] + t * (rb - ra)[:, None, None]
    distance = np.sqrt(ex * ex + ey * ey + ez * ez) - radius
    covered = np.clip(0.5 - distance / np.float32(plane.edge), 0, 1)
    # A vessel thinner than the blur fills only a part of it.
    covered *= np.minimum(1, 2 * radius / np.float32(plane.edge))
    valid = ((lines >= 0) & (lines < rows))[:, :, None] & ((cols >= 0) & (cols < columns))[:, None]
    valid &= covered > 0
    flat = (lines[:, :, None] * columns + cols[:, None, :])[valid]
    np.maximum.at(image.reshape(-1), flat, covered[valid])


def cover(canvas: Canvas, tubes: Tubes) -> FloatArray | None:
    """Return the coverage (0…1, whole plane) of the tubes in this slice; None when none meet it."""
    plane = canvas.plane
    reach = np.maximum(tubes.start_radius, tubes.end_radius) / np.float32(tubes.flatten)
    reach = reach + np.float32(plane.edge)
    low = np.minimum(tubes.start[:, 2], tubes.end[:, 2]) - reach
    high = np.maximum(tubes.start[:, 2], tubes.end[:, 2]) + reach
    active = np.flatnonzero((low <= plane.z) & (plane.z <= high))
    if not len(active):
        return None
    image: FloatArray = np.zeros(plane.shape, dtype=np.float32)
    step = float(plane.x[1] - plane.x[0])
    flat = np.linalg.norm((tubes.end - tubes.start)[active, :2], axis=1) / 2
    need = (flat + reach[active] * tubes.flatten + plane.edge) / step
    place = np.searchsorted(HALF_SIZES, need)
    for size in np.unique(place):
        half = HALF_SIZES[size] if size < len(HALF_SIZES) else int(np.ceil(need.max()))
        _stamp(canvas, tubes, active[place == size], half, image)
    return image


def paint_tubes(
    canvas: Canvas, tissue: str, tubes: Tubes, within: FloatArray | None = None
) -> FloatArray | None:
    """Paint tubes, clipped by a coverage image; return their coverage."""
    covered = cover(canvas, tubes)
    if covered is None:
        return None
    if within is not None:
        covered *= within
    canvas.lay(canvas.whole(), tissue, covered)
    return covered
