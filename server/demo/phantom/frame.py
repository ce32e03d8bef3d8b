"""Body outline, body cavity and diaphragm: the frame that all organs fit into."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from server.demo.phantom.canvas import FloatArray, Region
from server.demo.phantom.shapes import superellipse

# z in mm from the level of the xiphoid: the lung tips are near +208, the iliac crests near -215.
_Z = (-240, -200, -150, -100, -50, 0, 50, 100, 140, 170, 195, 212, 225, 245)
_BODY_WIDTH = (166, 160, 154, 153, 157, 161, 166, 171, 175, 176, 168, 140, 98, 68)
_BODY_DEPTH = (112, 110, 108, 108, 110, 112, 113, 112, 106, 97, 86, 76, 68, 62)
_CAVITY_WIDTH = (118, 122, 126, 130, 133, 132, 128, 119, 103, 81, 57, 34, 8, 2)
_CAVITY_DEPTH = (78, 79, 80, 82, 86, 89, 88, 82, 71, 55, 39, 24, 6, 2)
_CAVITY_CENTER = (-14, -13, -12, -8, -3, 0, 1, 3, 6, 11, 17, 21, 24, 24)
_SPINE_Y = (38, 38, 40, 44, 50, 55, 57, 57, 53, 46, 40, 37, 35, 34)

DOMES = (  # x, y, top z, half-width, half-depth forwards, half-depth backwards
    (-66.0, -8.0, 20.0, 78.0, 116.0, 84.0),
    (68.0, -2.0, 8.0, 76.0, 112.0, 82.0),
    (4.0, -30.0, 2.0, 90.0, 100.0, 84.0),
)
DOME_DROP = 78.0


def table(values: tuple[int, ...], z: float | FloatArray) -> FloatArray:
    """Interpolate a row of the tables above at z (mm)."""
    return np.asarray(np.interp(z, _Z, values), dtype=np.float32)


def cavity_size(z: float) -> tuple[float, float, float]:
    """Return half-width, half-depth and centre y (mm) of the cavity within the ribs at z."""
    return (
        float(table(_CAVITY_WIDTH, z)),
        float(table(_CAVITY_DEPTH, z)),
        float(table(_CAVITY_CENTER, z)),
    )


def spine_y(z: float) -> float:
    """Return the y (mm) of the middle of the vertebral bodies at z."""
    return float(table(_SPINE_Y, z))


def body_distance(region: Region) -> FloatArray:
    """Return the signed distance (mm) to the skin."""
    width, depth = float(table(_BODY_WIDTH, region.z)), float(table(_BODY_DEPTH, region.z))
    distance = superellipse(region.x, region.y - np.float32(4), width, depth, 2.35)
    back = np.exp(-((region.x / 16) ** 2)) * (region.y > 40) * np.float32(5.0)
    chest = np.clip((region.z - 30) / 30, 0, 1) * np.clip((150 - region.z) / 40, 0, 1)
    front = np.exp(-((region.x / 17) ** 2)) * (region.y < -40) * np.float32(4.0 * chest)
    result: FloatArray = distance + back + front
    return result


def cavity_distance(region: Region) -> FloatArray:
    """Return the signed distance (mm) to the inner wall of chest and abdomen."""
    width, depth, center = cavity_size(region.z)
    return superellipse(region.x, region.y - np.float32(center), width, depth, 2.4)


def cavity_distance_at(points: FloatArray) -> FloatArray:
    """Return the same distance at points (n, 3)."""
    width, depth = table(_CAVITY_WIDTH, points[:, 2]), table(_CAVITY_DEPTH, points[:, 2])
    y = points[:, 1] - table(_CAVITY_CENTER, points[:, 2])
    size = (np.abs(points[:, 0] / width) ** 2.4 + np.abs(y / depth) ** 2.4) ** (1 / 2.4)
    radius = np.hypot(points[:, 0], y)
    return np.asarray(radius - radius / np.maximum(size, 1e-3), dtype=np.float32)


def diaphragm(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the z (mm) of the diaphragm over x and y; x, y broadcast."""
    heights = []
    for center_x, center_y, top, half_width, forwards, backwards in DOMES:
        across = ((x - np.float32(center_x)) / np.float32(half_width)) ** 2
        along = y - np.float32(center_y)
        along = along / np.where(along < 0, np.float32(forwards), np.float32(backwards))
        heights.append(np.float32(top) - np.float32(DOME_DROP) * (across + along * along) ** 1.25)
    sharp = np.float32(7.0)
    highest = np.maximum(np.maximum(heights[0], heights[1]), heights[2])
    total = sum(np.exp((height - highest) / sharp) for height in heights)
    result: FloatArray = highest + sharp * np.log(total)
    return result


@dataclass(frozen=True)
class Anatomy:
    """What differs between bodies."""

    seed: int = 1
    nodule_diameter: float = 14.0
    effusion_depth: float = 9.0
    metastases: bool = False
    hemangioma: bool = True
    cyst: bool = True
    # Millimetres of the phantom per millimetre of this body.
    scale: float = 1.0


@lru_cache(maxsize=4)
def _diaphragm_cached(x: bytes, y: bytes) -> FloatArray:
    xs, ys = np.frombuffer(x, dtype=np.float32), np.frombuffer(y, dtype=np.float32)
    return diaphragm(xs[None, :], ys[:, None])


def diaphragm_of(region: Region) -> FloatArray:
    """Return the diaphragm's z over the region; kept, as all slices share it."""
    return _diaphragm_cached(region.x.tobytes(), region.y.tobytes())
