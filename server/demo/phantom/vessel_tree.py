"""Branching trees grown towards points in a region, thick where they carry much (Murray's law)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from server.demo.phantom.canvas import FloatArray, Point
from server.demo.phantom.tubes import Tubes, split

Inside = Callable[[FloatArray], npt.NDArray[np.bool_]]


def scatter(
    random: np.random.Generator, low: Point, high: Point, inside: Inside, count: int
) -> FloatArray:
    """Return up to `count` points (count, 3) in the box that are inside."""
    points = random.uniform(low, high, size=(count * 6, 3)).astype(np.float32)
    return points[inside(points)][:count]


def _connect(root: Point, targets: FloatArray) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """Join each target, nearest to the root first, to the node that makes the shortest way."""
    far = np.linalg.norm(targets - np.array(root, dtype=np.float32), axis=1)
    nodes = np.vstack([np.array(root, dtype=np.float32), targets[np.argsort(far)]])
    parent = np.zeros(len(nodes), dtype=np.intp)
    path = np.zeros(len(nodes), dtype=np.float32)
    for index in range(1, len(nodes)):
        gap = np.linalg.norm(nodes[:index] - nodes[index], axis=1)
        best = int(np.argmin(gap + 0.45 * path[:index]))
        parent[index] = best
        path[index] = path[best] + gap[best]
    return nodes, parent


def _radii(parent: npt.NDArray[np.intp], leaf_radius: float) -> FloatArray:
    """Return each node's radius: the cube of the radii adds up towards the root."""
    volume = np.zeros(len(parent), dtype=np.float64)
    for index in range(len(parent) - 1, 0, -1):
        if volume[index] == 0:
            volume[index] = leaf_radius**3
        volume[parent[index]] += volume[index]
    return np.cbrt(np.maximum(volume, leaf_radius**3)).astype(np.float32)


def grow(root: Point, targets: FloatArray, leaf_radius: float, thickest: float) -> Tubes:
    """Return the tubes of a tree from `root` to all targets; radii in mm."""
    nodes, parent = _connect(root, targets)
    radius = np.minimum(_radii(parent, leaf_radius), np.float32(thickest))
    child = np.arange(1, len(nodes))
    above = parent[child]
    way = nodes[child] - nodes[above]
    # A slight sideways bow, so that branches are not drawn with a ruler.
    bow = np.cross(way, nodes[above] - nodes[parent[above]] + np.float32(0.3)) * np.float32(0.012)
    limit = np.linalg.norm(way, axis=1, keepdims=True) * np.float32(0.12)
    size = np.maximum(np.linalg.norm(bow, axis=1, keepdims=True), np.float32(1e-6))
    middle = (nodes[child] + nodes[above]) / 2 + bow * np.minimum(1, limit / size)
    start = np.concatenate([nodes[above], middle]).astype(np.float32)
    end = np.concatenate([middle, nodes[child]]).astype(np.float32)
    begin = np.minimum(radius[above], radius[child] * np.float32(1.25))
    return split(start, end, np.concatenate([begin, radius[child]]), np.tile(radius[child], 2))
