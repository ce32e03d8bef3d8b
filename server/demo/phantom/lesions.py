"""What the reports describe: sizes here and sizes there come from the same numbers."""

from __future__ import annotations

import numpy as np

from server.demo.phantom import frame
from server.demo.phantom.canvas import Canvas, FloatArray, Point, coverage
from server.demo.phantom.frame import Anatomy
from server.demo.phantom.shapes import Ellipsoid, paint_ellipsoid
from server.demo.phantom.tubes import curve, join, paint_tubes

NODULE_CENTER: Point = (-74.0, 22.0, 128.0)
HEMANGIOMA_CENTER: Point = (-92.0, 34.0, -62.0)
HEMANGIOMA_RADII: Point = (16.0, 14.0, 15.0)
CYST_CENTER: Point = (84.0, 58.0, -132.0)
CYST_RADIUS = 11.0
METASTASES: tuple[tuple[Point, float], ...] = (
    ((-88.0, 20.0, -40.0), 13.0),
    ((-50.0, -30.0, -66.0), 9.0),
    ((10.0, -52.0, -38.0), 8.0),
)
NODES: tuple[tuple[Point, float], ...] = (((-24.0, 6.0, 100.0), 8.0), ((-38.0, 12.0, 84.0), 7.0))
BONE_METASTASIS: Point = (6.0, 52.0, 30.0)


def _paint_nodule(canvas: Canvas, diameter: float, lung: FloatArray) -> None:
    x, y, z = NODULE_CENTER
    radius = diameter / 2
    if abs(canvas.plane.z - z) > radius * 3:
        return
    spikes = []
    for number in range(int(diameter * 1.4)):
        angle, lift = 2.4 * number, -1 + 2 * ((number * 0.618) % 1)
        flat = np.sqrt(1 - lift * lift)
        way = np.array([np.cos(angle) * flat, np.sin(angle) * flat, lift])
        tip = np.array([x, y, z]) + way * radius * (1.45 + 0.5 * ((number * 0.37) % 1))
        start = np.array([x, y, z]) + way * radius * 0.7
        points: list[Point] = [tuple(start.tolist()), tuple(tip.tolist())]
        spikes.append(curve(points, [radius * 0.16, 0.25]))
    paint_tubes(canvas, "nodule", join(spikes), lung)
    pleural_tag = curve([(x, y, z), (x - 22, y + 20, z + 6)], [1.0, 0.5])
    paint_tubes(canvas, "nodule", pleural_tag, lung)
    body = Ellipsoid(NODULE_CENTER, (radius, radius * 0.93, radius * 0.96))
    paint_ellipsoid(canvas, "nodule", body, lung, bumps=radius * 0.07, wavelength=radius * 1.6)


def _paint_effusion(canvas: Canvas, depth: float, lung: FloatArray) -> None:
    z = canvas.plane.z
    here = depth * float(np.clip((28 - z) / 60, 0, 1))
    if here <= 0.3:
        return
    region = canvas.whole()
    cavity = frame.cavity_distance(region)
    layer = np.maximum(-np.float32(here) - cavity, np.float32(14) - region.y)
    layer = np.maximum(layer, region.x + np.float32(18))
    canvas.lay(region, "effusion", coverage(layer, canvas.plane.edge) * lung)


def _paint_hemangioma(canvas: Canvas) -> None:
    paint_ellipsoid(canvas, "hemangioma", Ellipsoid(HEMANGIOMA_CENTER, HEMANGIOMA_RADII), bumps=0.8)
    # Early on, contrast fills single pools at the rim.
    for number in range(11):
        angle, lift = 2.4 * number, -0.9 + 1.8 * number / 10
        flat = np.sqrt(1 - lift * lift)
        x, y, z = (
            HEMANGIOMA_CENTER[axis] + HEMANGIOMA_RADII[axis] * 0.80 * part
            for axis, part in enumerate((np.cos(angle) * flat, np.sin(angle) * flat, lift))
        )
        size = 2.2 + 1.6 * ((number * 0.618) % 1)
        pool = Ellipsoid((float(x), float(y), float(z)), (size, size * 0.8, size))
        paint_ellipsoid(canvas, "hemangioma_pool", pool)


def paint_lesions(canvas: Canvas, anatomy: Anatomy, lung: FloatArray | None) -> None:
    """Paint what this body suffers from."""
    if lung is not None and anatomy.nodule_diameter > 0:
        _paint_nodule(canvas, anatomy.nodule_diameter, lung)
    if lung is not None and anatomy.effusion_depth > 0:
        _paint_effusion(canvas, anatomy.effusion_depth, lung)
    if anatomy.hemangioma:
        _paint_hemangioma(canvas)
    if anatomy.cyst:
        paint_ellipsoid(canvas, "cyst", Ellipsoid(CYST_CENTER, (CYST_RADIUS,) * 3))
    if anatomy.metastases:
        for center, radius in METASTASES:
            spot = Ellipsoid(center, (radius, radius * 0.9, radius))
            paint_ellipsoid(canvas, "metastasis", spot, bumps=0.8, wavelength=18)
        for center, radius in NODES:
            node = Ellipsoid(center, (radius, radius * 0.8, radius))
            paint_ellipsoid(canvas, "metastasis", node)
        spot = Ellipsoid(BONE_METASTASIS, (9.0, 8.0, 9.0))
        paint_ellipsoid(canvas, "bone_metastasis", spot, bumps=1.0, wavelength=12)
