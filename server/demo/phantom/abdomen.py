"""Liver, spleen, stomach, kidneys, pancreas, bowel and their vessels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from server.demo.phantom import frame
from server.demo.phantom.canvas import Canvas, FloatArray, Point, coverage
from server.demo.phantom.shapes import Ellipsoid, paint_ellipsoid, ripple, rotation
from server.demo.phantom.tubes import Tubes, cover, curve, join, paint_tubes
from server.demo.phantom.vessel_tree import grow, scatter

RIGHT_LOBE = Ellipsoid((-64.0, 2.0, -52.0), (72.0, 84.0, 92.0), rotation(about_y=-8))
LEFT_LOBE = Ellipsoid((0.0, -48.0, -34.0), (66.0, 34.0, 34.0), rotation(about_y=12))
SPLEEN = Ellipsoid((96.0, 36.0, -44.0), (27.0, 50.0, 50.0), rotation(0, 8, 18))
GALLBLADDER = Ellipsoid((-46.0, -42.0, -104.0), (14.0, 22.0, 27.0), rotation(about_x=-24))
KIDNEYS = (
    Ellipsoid((-60.0, 46.0, -128.0), (27.0, 25.0, 53.0), rotation(8, -10, 24)),
    Ellipsoid((60.0, 44.0, -112.0), (27.0, 25.0, 54.0), rotation(8, 10, -24)),
)
STOMACH = curve(
    [
        (56, 6, -14),
        (60, -4, -36),
        (60, -24, -72),
        (44, -44, -104),
        (12, -50, -120),
        (-20, -42, -112),
    ],
    [30, 35, 31, 25, 19, 12],
)
PANCREAS = curve(
    [(-30, -12, -128), (-22, -18, -112), (4, -18, -102), (32, -4, -94), (70, 20, -80)],
    [14, 12, 8.5, 9, 8],
)
DUODENUM = curve(
    [
        (-24, -40, -110),
        (-46, -20, -112),
        (-50, -2, -134),
        (-40, 4, -158),
        (0, -4, -164),
        (30, -14, -150),
    ],
    [13, 12, 12, 12, 11, 10],
)
COLON = curve(
    [(-92, 22, -250), (-96, 18, -200), (-94, 10, -160), (-84, -26, -146), (-46, -62, -166),
     (10, -68, -176), (56, -60, -150), (92, -20, -96), (104, 16, -92), (106, 26, -140),
     (104, 26, -200), (100, 22, -250)],
    [27, 27, 25, 22, 20, 19, 19, 20, 17, 15, 15, 15],
)  # fmt: skip
PORTAL = join(
    [
        curve([(-4, -8, -130), (-8, -10, -104), (-28, -12, -84), (-52, -6, -70)], [6, 6.5, 6.5, 5]),
        curve([(-6, -8, -104), (30, 4, -90), (74, 26, -72)], [4.5, 4.2, 3.6]),
        curve([(-28, -12, -84), (-14, -36, -58)], [5, 3.6]),
    ]
)
ARTERIES = join(
    [
        curve([(8, 14, -92), (8, -8, -92), (-18, -10, -86)], [3.6, 3.4, 2.8]),
        curve([(8, -8, -92), (40, 6, -86), (76, 28, -66)], [3.2, 2.8, 2.2]),
        curve([(7, 12, -104), (7, -14, -118), (6, -18, -200)], [3.8, 3.6, 2.4]),
        curve([(6, 14, -116), (-30, 28, -124), (-46, 40, -126)], [3.2, 2.8, 2.2]),
        curve([(8, 14, -112), (34, 28, -110), (46, 38, -112)], [3.2, 2.8, 2.2]),
    ]
)
_PSOAS = join(
    [
        curve([(s * 26, 44, -70), (s * 34, 40, -140), (s * 46, 30, -250)], [9, 19, 27])
        for s in (-1, 1)
    ]
)
GAS_LEVEL = -36.0


def _smooth_minimum(a: FloatArray, b: FloatArray, width: float) -> FloatArray:
    h = np.clip(0.5 + 0.5 * (b - a) / np.float32(width), 0, 1)
    result: FloatArray = b + (a - b) * h - np.float32(width) * h * (1 - h)
    return result


def _liver_at(points: FloatArray) -> npt.NDArray[np.bool_]:
    x, y, z = points[:, 0], points[:, 1], points[:, 2]
    shape = np.minimum(RIGHT_LOBE.distance(x, y, z), LEFT_LOBE.distance(x, y, z))
    wall = np.maximum(frame.cavity_distance_at(points), z - frame.diaphragm(x, y))
    return np.asarray(np.maximum(shape, wall) < -7)


@lru_cache(maxsize=2)
def liver_vessels(seed: int) -> tuple[Tubes, Tubes]:
    """Return (hepatic veins, portal branches)."""
    random = np.random.default_rng(seed + 7)
    low, high = (-135.0, -85.0, -140.0), (65.0, 85.0, 18.0)
    veins = grow((-26.0, 6.0, -12.0), scatter(random, low, high, _liver_at, 75), 0.95, 5.0)
    portal = grow((-46.0, -8.0, -72.0), scatter(random, low, high, _liver_at, 75), 0.9, 5.0)
    return veins, portal


@lru_cache(maxsize=2)
def small_bowel(seed: int) -> Tubes:
    """Return the loops of the small bowel."""
    random = np.random.default_rng(seed + 11)
    loops = []
    for _ in range(46):
        z = random.uniform(-250, -150)
        room = 74 if z < -185 else 56
        center = np.array([random.uniform(-room, room), random.uniform(-66, -8), z])
        turn = random.uniform(0, 2 * np.pi)
        bend = random.uniform(12, 24)
        points: list[Point] = []
        for angle in np.linspace(0, np.pi * 1.25, 5):
            step = np.array([np.cos(angle + turn), np.sin(angle + turn) * 0.55, 0.35 * angle])
            x, y, height = center + bend * step
            points.append((float(x), float(y), float(height)))
        loops.append(curve(points, list(random.uniform(8.5, 12.0, size=5))))
    return join(loops)


@lru_cache(maxsize=2)
def _mesentery(seed: int) -> Tubes:
    random = np.random.default_rng(seed + 13)

    def inside(points: FloatArray) -> npt.NDArray[np.bool_]:
        return np.asarray(np.abs(points[:, 0]) < 95)

    targets = scatter(random, (-90.0, -68.0, -250.0), (90.0, 0.0, -110.0), inside, 170)
    return grow((6.0, -16.0, -150.0), targets, 0.75, 3.0)


def _paint_liver(canvas: Canvas, below: FloatArray, seed: int) -> None:
    region = canvas.region(-140, 80, -100, 100)
    if region is None or not -150 < canvas.plane.z < 25:
        return
    right = RIGHT_LOBE.distance(region.x, region.y, region.z)
    left = LEFT_LOBE.distance(region.x, region.y, region.z)
    distance = _smooth_minimum(right, left, 16.0) + ripple(region, 2.0, 55.0)
    notch = Ellipsoid((-16.0, -6.0, -84.0), (26.0, 13.0, 18.0))
    distance = np.maximum(distance, -notch.distance(region.x, region.y, region.z))
    covered = coverage(distance, canvas.plane.edge) * below[region.index]
    canvas.lay(region, "liver", covered)
    inside = np.zeros(canvas.plane.shape, dtype=np.float32)
    inside[region.index] = covered
    veins, portal = liver_vessels(seed)
    paint_tubes(canvas, "liver_vein", veins, inside)
    paint_tubes(canvas, "portal_vein", portal, inside)


def _paint_spleen(canvas: Canvas, below: FloatArray) -> None:
    covered = paint_ellipsoid(canvas, "spleen", SPLEEN, below, bumps=1.6)
    region = SPLEEN.region(canvas)
    if covered is None or region is None or canvas.values_of["spleen"] < 100:
        return
    # In the arterial phase the red and white pulp fill at different speeds.
    stripes = ripple(region, 13.0, 15.0)[: covered.shape[0], : covered.shape[1]]
    if stripes.shape == covered.shape:
        canvas.values[region.index] += covered * stripes


def _paint_hollow(
    canvas: Canvas, tubes: Tubes, wall: str, content: str, thickness: float, gas: FloatArray | None
) -> None:
    if paint_tubes(canvas, wall, tubes) is None:
        return
    inner = cover(canvas, tubes.grown(-thickness))
    if inner is None:
        return
    canvas.lay(canvas.whole(), content, inner)
    if gas is not None:
        canvas.lay(canvas.whole(), "bowel_gas", inner * gas)


def _paint_kidney(canvas: Canvas, shape: Ellipsoid, side: int) -> None:
    paint_ellipsoid(canvas, "visceral_fat", shape.grown(8.0), None)
    x, y, z = shape.center
    kidney = paint_ellipsoid(canvas, "kidney_cortex", shape, bumps=0.8, wavelength=30)
    region = shape.region(canvas, 4.6)
    if kidney is None or region is None:
        return
    distance = shape.distance(region.x, region.y, region.z)
    pyramids = distance + np.float32(8.0) + ripple(region, 3.2, 15.0, phase=2.0)
    canvas.paint(region, "kidney_medulla", pyramids)
    sinus = Ellipsoid((x - side * 13, y - 5, z), (17.0, 10.0, 30.0), shape.turned)
    paint_ellipsoid(canvas, "visceral_fat", sinus, bumps=1.6, wavelength=18)
    pelvis = Ellipsoid((x - side * 14, y - 5, z - 4), (10.0, 4.5, 15.0), shape.turned)
    paint_ellipsoid(canvas, "renal_pelvis", pelvis, bumps=0.8, wavelength=14)


def _paint_retroperitoneum(canvas: Canvas) -> None:
    paint_tubes(canvas, "muscle", _PSOAS)
    for shape, side in zip(KIDNEYS, (-1, 1), strict=True):
        _paint_kidney(canvas, shape, side)
    for side, x in ((-1, -36.0), (1, 38.0)):
        arm = curve([(x, 26, -76), (x + side * 2, 40, -82)], [2.4, 1.8])
        paint_tubes(canvas, "adrenal", arm)
        paint_tubes(canvas, "adrenal", curve([(x, 26, -76), (x - side * 8, 38, -80)], [2.4, 1.6]))


def paint_abdomen(canvas: Canvas, seed: int) -> None:
    """Paint the organs below the diaphragm."""
    plane = canvas.plane
    if plane.z > 26:
        return
    whole = canvas.whole()
    limit = np.maximum(
        frame.cavity_distance(whole) + 2.0, 0.7 * (plane.z - frame.diaphragm_of(whole)) + 1.6
    )
    below = coverage(limit, plane.edge)
    if plane.z < -60:
        _paint_retroperitoneum(canvas)
    gas = coverage(whole.y - np.float32(GAS_LEVEL) + 0 * whole.x, 1.2)
    _paint_liver(canvas, below, seed)
    _paint_spleen(canvas, below)
    if plane.z < -60:
        _paint_bowel(canvas, seed, whole.y)
    stomach = paint_tubes(canvas, "stomach_wall", STOMACH, below)
    if stomach is not None:
        inner = cover(canvas, STOMACH.grown(-4.0))
        if inner is not None:
            inner = inner * below
            canvas.lay(whole, "stomach_fluid", inner)
            canvas.lay(whole, "bowel_gas", inner * gas)
    _paint_hollow(canvas, DUODENUM, "bowel_wall", "bowel_content", 2.2, None)
    pancreas = cover(canvas, PANCREAS)
    if pancreas is not None:
        lobules = np.clip(1 + ripple(whole, 0.35, 9.0), 0, 1)
        canvas.lay(whole, "pancreas", pancreas * lobules)
    paint_ellipsoid(canvas, "gallbladder_wall", GALLBLADDER.grown(1.6))
    paint_ellipsoid(canvas, "gallbladder", GALLBLADDER)
    paint_tubes(canvas, "portal_vein", PORTAL)
    paint_tubes(canvas, "aorta", ARTERIES)


def _paint_bowel(canvas: Canvas, seed: int, y: FloatArray) -> None:
    whole = canvas.whole()
    mesentery = cover(canvas, _mesentery(seed))
    if mesentery is not None:
        canvas.lay(whole, "portal_vein", mesentery * np.float32(0.8))
    some_gas = coverage(ripple(whole, 9.0, 85.0) + 8.0 + (y + 40) * np.float32(0.25), 2.0)
    _paint_hollow(canvas, small_bowel(seed), "bowel_wall", "bowel_content", 2.0, some_gas)
    colon_gas = coverage(ripple(whole, 8.0, 60.0) + (y - np.float32(6)) * np.float32(0.4), 2.5)
    _paint_hollow(canvas, COLON, "bowel_wall", "stool", 2.2, colon_gas)
