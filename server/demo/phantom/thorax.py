"""Lungs, airways, heart and great vessels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from server.demo.phantom import frame
from server.demo.phantom.canvas import Canvas, FloatArray, Point, Region, coverage
from server.demo.phantom.shapes import Ellipsoid, paint_ellipsoid, ripple, rotation
from server.demo.phantom.tubes import Tubes, cover, curve, join, paint_tubes
from server.demo.phantom.vessel_tree import grow, scatter

_TURN = rotation(about_y=34, about_z=-36)
HEART = Ellipsoid((20.0, -26.0, 32.0), (66.0, 44.0, 47.0), _TURN)
LEFT_VENTRICLE = Ellipsoid((43.0, -24.0, 20.0), (47.0, 31.0, 32.0), _TURN)
RIGHT_VENTRICLE = Ellipsoid((12.0, -48.0, 24.0), (45.0, 22.0, 31.0), rotation(0, 30, -18))
RIGHT_ATRIUM = Ellipsoid((-31.0, -20.0, 34.0), (22.0, 27.0, 33.0))
LEFT_ATRIUM = Ellipsoid((2.0, 17.0, 56.0), (35.0, 18.0, 22.0), rotation(0, 0, 6))
SEPTUM_FAT = 3.0

_CORE = (
    Ellipsoid((0.0, 14.0, 112.0), (29.0, 46.0, 150.0)),
    Ellipsoid((2.0, -36.0, 130.0), (27.0, 34.0, 66.0)),
    HEART.grown(3.0),
    RIGHT_ATRIUM.grown(4.0),
    Ellipsoid((0.0, 8.0, 205.0), (34.0, 60.0, 52.0)),
)

GREAT_VESSELS: dict[str, Tubes] = {
    "superior_vena_cava": join(
        [
            curve([(-30, -14, 58), (-33, -12, 95), (-30, -16, 138)], [9.5, 9.0, 8.5]),
            curve([(-30, -16, 137), (0, -40, 148), (38, -44, 168)], [7.5, 6.5, 6.0]),
            curve([(-30, -16, 137), (-36, -30, 168), (-44, -26, 212)], [7.5, 7.0, 6.0]),
        ]
    ),
    "pulmonary_artery": join(
        [
            curve([(14, -54, 52), (20, -42, 74), (22, -22, 92)], [13.5, 14.0, 13.5]),
            curve([(20, -24, 90), (34, 2, 98), (52, 22, 86)], [12.5, 11.5, 9.5]),
            curve([(18, -24, 84), (-8, -6, 84), (-34, 4, 82), (-54, 10, 74)], [12, 11, 10.5, 9]),
        ]
    ),
    "left_blood": join(
        [
            curve([(-20, 16, 60), (-48, 18, 58)], [8.0, 6.0]),
            curve([(-22, 20, 46), (-46, 34, 36)], [8.0, 6.0]),
            curve([(28, 18, 62), (54, 14, 66)], [8.0, 6.0]),
            curve([(28, 24, 48), (52, 38, 38)], [8.0, 6.0]),
        ]
    ),
    "aorta": join(
        [
            curve(
                [(6, -14, 40), (-10, -22, 58), (-20, -22, 84), (-16, -14, 108), (0, 2, 123),
                 (17, 20, 119), (25, 33, 100), (26, 36, 60), (20, 36, 10), (13, 34, -40),
                 (8, 22, -90), (6, 13, -140), (5, 10, -182)],
                [15, 16.5, 16.5, 15.5, 14.5, 13, 12.5, 12, 11.5, 11, 10.5, 9, 8.5],
            ),
            curve([(5, 10, -180), (-16, 12, -215), (-34, 18, -245)], [7.5, 6.0, 5.5]),
            curve([(5, 10, -180), (24, 12, -215), (40, 18, -245)], [7.5, 6.0, 5.5]),
            curve([(-10, -6, 116), (-16, -10, 142), (-24, -4, 160)], [6.8, 6.2, 5.8]),
            curve([(-23, -4, 159), (-24, -8, 235)], [4.2, 3.8]),
            curve([(-23, -4, 159), (-62, -6, 186), (-100, -20, 200)], [4.8, 4.2, 4.0]),
            curve([(3, 6, 120), (12, -2, 160), (24, -8, 235)], [4.4, 4.0, 3.8]),
            curve([(14, 17, 120), (26, 12, 160), (62, -2, 190), (100, -20, 200)],
                  [5.4, 4.8, 4.4, 4]),
        ]
    ),
    "inferior_vena_cava": curve(
        [(-28, -8, 26), (-26, 4, -10), (-24, 12, -60), (-24, 16, -120), (-22, 18, -190),
         (-36, 24, -240)],
        [12, 12.5, 12, 11.5, 10.5, 8],
    ),
}  # fmt: skip
_VESSELS_IN_MEDIASTINUM = join(list(GREAT_VESSELS.values()))

TRACHEA = join(
    [
        curve([(0, -8, 250), (0, 4, 190), (-2, 14, 140), (-3, 18, 104)], [8.6, 8.8, 8.8, 9.4]),
        curve([(-3, 18, 104), (-22, 20, 88), (-44, 20, 74)], [8.0, 7.2, 6.2]),
        curve([(-3, 18, 104), (24, 24, 84), (48, 28, 66)], [7.4, 6.4, 5.8]),
    ]
)
_OESOPHAGUS = curve(
    [(6, 26, 230), (8, 30, 150), (6, 32, 90), (8, 28, 40), (16, 18, 0), (24, 8, -18)],
    [6.5, 6.5, 7.0, 7.5, 8.0, 8.5],
)


def _core_distance(x: FloatArray, y: FloatArray, z: float | FloatArray) -> FloatArray:
    """Return the distance (mm) to all that lies between the lungs, vessels left out."""
    spine = frame.table(frame._SPINE_Y, z)
    column = np.sqrt((x / 25) ** 2 + ((y - spine - 8) / 30) ** 2)
    nearest = (column - 1) * np.float32(25)
    for shape in _CORE:
        nearest = np.minimum(nearest, shape.distance(x, y, z))
    junction = np.maximum(np.abs(x - np.float32(3)) - np.float32(2.5), y + np.float32(20))
    result: FloatArray = np.minimum(nearest, junction).astype(np.float32)
    return result


def inside_lung(points: FloatArray, side: int, margin: float) -> npt.NDArray[np.bool_]:
    """Tell which points (n, 3) are in the lung of a side (−1 right, 1 left)."""
    x, y, z = points[:, 0], points[:, 1], points[:, 2]
    return np.asarray(
        (x * side > 0)
        & (frame.cavity_distance_at(points) < -margin)
        & (z > frame.diaphragm(x, y) + margin)
        & (_core_distance(x, y, z) > margin)
    )


@dataclass(frozen=True)
class LungTrees:
    """Vessels and bronchi of both lungs."""

    vessels: Tubes
    airways: Tubes


@lru_cache(maxsize=2)
def lung_trees(seed: int) -> LungTrees:
    """Grow the trees of both lungs; the same seed always gives the same trees."""
    random = np.random.default_rng(seed)
    vessels, airways = [], []
    for side in (-1, 1):
        low = (-134.0 if side < 0 else 10.0, -95.0, -75.0)
        high = (-10.0 if side < 0 else 134.0, 95.0, 215.0)

        def inside(points: FloatArray, side: int = side) -> npt.NDArray[np.bool_]:
            return inside_lung(points, side, 4.0)

        artery_root: Point = (side * 50.0, 15.0, 78.0)
        vein_root: Point = (side * 46.0, 26.0, 48.0)
        vessels.append(grow(artery_root, scatter(random, low, high, inside, 1000), 0.66, 6.5))
        vessels.append(grow(vein_root, scatter(random, low, high, inside, 700), 0.6, 5.5))
        targets = scatter(random, low, high, inside, 60)
        close = np.linalg.norm(targets - np.array(artery_root, dtype=np.float32), axis=1) < 62
        start: Point = (-44.0, 20.0, 74.0) if side < 0 else (48.0, 28.0, 66.0)
        airways.append(grow(start, targets[close], 1.0, 4.6))
    return LungTrees(join(vessels), join(airways))


def lung_coverage(canvas: Canvas) -> FloatArray | None:
    """Return the coverage (0…1, whole plane) of both lungs."""
    plane = canvas.plane
    if not -76 < plane.z < 218:
        return None
    width, depth, center = frame.cavity_size(plane.z)
    region = canvas.region(-width - 4, width + 4, center - depth - 4, center + depth + 4)
    if region is None:
        return None
    distance = frame.cavity_distance(region)
    distance = np.maximum(distance, 0.7 * (frame.diaphragm_of(region) - plane.z))
    core = _core_distance(region.x, region.y, region.z)
    if plane.z > 0:
        core = core + ripple(region, 0.8, 24.0)
    distance = np.maximum(distance, -core)
    image: FloatArray = np.zeros(plane.shape, dtype=np.float32)
    image[region.index] = coverage(distance, plane.edge)
    for tubes in (_VESSELS_IN_MEDIASTINUM, TRACHEA):
        pushed = cover(canvas, tubes.grown(2.2))
        if pushed is not None:
            image *= 1 - pushed
    return image


def _fissures(region: Region) -> FloatArray:
    """Return how strongly the fissures show (0…1)."""
    wave = ripple(region, 3.0, 130.0)
    oblique = np.where(region.x < 0, 62 - 1.15 * region.y, 78 - 1.2 * region.y) + wave
    shown = np.exp(-(((oblique - region.z) / 1.6) ** 2))
    minor = 70 - 0.10 * region.x - 0.0016 * (region.x + 70) ** 2 + wave
    right_front = (region.x < -20) & (region.y < -8)
    shown = np.maximum(shown, right_front * np.exp(-(((minor - region.z) / 1.6) ** 2)))
    result: FloatArray = shown.astype(np.float32)
    return result


def paint_lungs(canvas: Canvas, seed: int, lung: FloatArray) -> None:
    """Paint lung tissue, denser where it lies lowest, with fissures, vessels and bronchi."""
    region = canvas.whole()
    canvas.lay(region, "lung", lung)
    scale = abs(canvas.values_of["lung"] - canvas.values_of["air"]) / 150.0
    lying = np.clip((region.y + 90) / 180, 0, 1) * np.float32(70 * scale)
    cloud = ripple(region, 9.0 * scale, 17.0) + ripple(region, 9.0 * scale, 47.0)
    canvas.values += lung * (lying - np.float32(20 * scale) + cloud)
    canvas.lay(region, "fissure", lung * _fissures(region) * np.float32(0.6))
    trees = lung_trees(seed)
    paint_tubes(canvas, "lung_vessel", trees.vessels, lung)
    paint_tubes(canvas, "bronchial_wall", trees.airways.grown(0.8), lung)
    paint_tubes(canvas, "airway", trees.airways, lung)


def _paint_heart(canvas: Canvas, above: FloatArray) -> None:
    paint_ellipsoid(canvas, "visceral_fat", HEART.grown(1.5), above)
    paint_ellipsoid(canvas, "visceral_fat", RIGHT_ATRIUM.grown(2.5), above)
    paint_ellipsoid(canvas, "right_blood", RIGHT_ATRIUM, above, bumps=1.2)
    paint_ellipsoid(canvas, "myocardium", RIGHT_VENTRICLE.grown(2.5), above)
    paint_ellipsoid(canvas, "right_blood", RIGHT_VENTRICLE, above, bumps=1.5, wavelength=22)
    paint_ellipsoid(canvas, "left_blood", LEFT_ATRIUM, above, bumps=1.0)
    paint_ellipsoid(canvas, "myocardium", LEFT_VENTRICLE, above)
    paint_ellipsoid(
        canvas, "left_blood", LEFT_VENTRICLE.grown(-10.5), above, bumps=1.6, wavelength=20
    )


def paint_mediastinum(canvas: Canvas) -> None:
    """Paint heart, great vessels, windpipe, gullet and thyroid."""
    whole = canvas.whole()
    above = coverage(0.7 * (frame.diaphragm_of(whole) - canvas.plane.z) - 1.5, canvas.plane.edge)
    if canvas.plane.z > -40:
        _paint_heart(canvas, above)
    if canvas.plane.z > 60:
        for center in ((-14.0, 4.0, 112.0), (10.0, -12.0, 104.0), (-20.0, 0.0, 126.0)):
            paint_ellipsoid(canvas, "lymph_node", Ellipsoid(center, (4.0, 3.0, 4.0)))
    paint_tubes(canvas, "oesophagus", _OESOPHAGUS)
    if canvas.plane.z > 195:
        for side in (-1, 1):
            lobe = Ellipsoid((side * 17.0, -6.0, 236.0), (8.0, 10.0, 24.0))
            paint_ellipsoid(canvas, "thyroid", lobe)
    for tissue, tubes in GREAT_VESSELS.items():
        paint_tubes(canvas, tissue, tubes)
    for plaque in (
        (10.0, 14.0, 131.0),
        (37.0, 34.0, 84.0),
        (-1.0, 14.0, -140.0),
        (13.0, 8.0, -166.0),
    ):
        paint_ellipsoid(canvas, "calcification", Ellipsoid(plaque, (2.6, 1.6, 2.6)))
    paint_tubes(canvas, "airway_wall", TRACHEA.grown(1.4))
    paint_tubes(canvas, "airway", TRACHEA)
