"""The whole trunk of one slice, painted from the outside inwards."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from server.demo.phantom import frame, lesions
from server.demo.phantom.abdomen import paint_abdomen
from server.demo.phantom.canvas import Canvas, FloatArray, Plane, Region, coverage
from server.demo.phantom.frame import Anatomy
from server.demo.phantom.shapes import Ellipsoid, paint_ellipsoid, ripple, superellipse
from server.demo.phantom.skeleton import paint_skeleton
from server.demo.phantom.thorax import lung_coverage, paint_lungs, paint_mediastinum

SKIN = 1.7
TABLE_Y = 130.0


def _paint_muscles(canvas: Canvas, region: Region, skin: FloatArray, cavity: FloatArray) -> None:
    z = region.z
    below_fat = coverage(skin + 7.0 + ripple(region, 1.2, 60.0), canvas.plane.edge)
    chest = float(np.clip((z + 30) / 80, 0, 1))
    lateral = np.abs(region.x) * np.float32(1 / 150)
    thick = np.float32(11) + np.float32(chest * 8) * lateral + ripple(region, 3.0, 80.0)
    ring = coverage(np.asarray(cavity - thick, dtype=np.float32), canvas.plane.edge)
    layers = np.clip(np.cos((cavity - 5.2) * np.float32(2 * np.pi / 7.5)) * 3 + 3.4, 0.15, 1)
    canvas.lay(region, "muscle", ring * below_fat * layers)
    for side in (-1, 1):
        back = frame.spine_y(z) + 34
        erector = superellipse(
            region.x - np.float32(side * 29), region.y - np.float32(back), 27, 17, 2.4
        )
        canvas.lay(region, "muscle", coverage(erector, canvas.plane.edge) * below_fat)
        bulk = (
            Ellipsoid((side * 72.0, -88.0, 126.0), (62.0, 19.0, 62.0)),
            Ellipsoid((side * 122.0, 42.0, 110.0), (34.0, 42.0, 110.0)),
            Ellipsoid((side * 92.0, 62.0, 165.0), (62.0, 26.0, 70.0)),
            Ellipsoid((side * 40.0, 62.0, 215.0), (44.0, 30.0, 60.0)),
            Ellipsoid((side * 150.0, 6.0, 205.0), (40.0, 40.0, 46.0)),
            Ellipsoid((side * 28.0, 18.0, 240.0), (30.0, 36.0, 44.0)),
            Ellipsoid((side * 112.0, -34.0, 196.0), (44.0, 30.0, 40.0)),
            Ellipsoid((side * 22.0, -30.0, 225.0), (12.0, 14.0, 46.0)),
        )
        for shape in bulk if z > -10 else ():
            paint_ellipsoid(canvas, "muscle", shape, _whole(canvas, region, below_fat), bumps=1.5)


def _whole(canvas: Canvas, region: Region, part: FloatArray) -> FloatArray:
    if part.shape == canvas.plane.shape:
        return part
    image: FloatArray = np.zeros(canvas.plane.shape, dtype=np.float32)
    image[region.index] = part
    return image


def _paint_table(canvas: Canvas) -> None:
    region = canvas.region(-240, 240, 90, 190)
    if region is None:
        return
    curve = region.y - np.float32(TABLE_Y - 9) + region.x * region.x / np.float32(3600)
    inside = np.maximum(np.abs(curve - 14) - 14, np.abs(region.x) - 178)
    free = coverage(-frame.body_distance(region) + 1.0, canvas.plane.edge)
    canvas.lay(region, "table_skin", coverage(inside, canvas.plane.edge) * free)
    canvas.lay(region, "table", coverage(inside + 1.6, canvas.plane.edge) * free)


def paint_torso(
    plane: Plane, values_of: Mapping[str, float], anatomy: Anatomy, table: bool = True
) -> FloatArray:
    """Return one axial slice (rows, columns) of the trunk in the units of `values_of`."""
    canvas = Canvas(plane, values_of, "air")
    if table:
        _paint_table(canvas)
    region = canvas.region(-190, 190, -125, 130)
    if region is None:
        return canvas.values
    skin = frame.body_distance(region)
    canvas.paint(region, "skin", skin)
    canvas.paint(region, "fat", skin + SKIN)
    cavity = frame.cavity_distance(region)
    _paint_muscles(canvas, region, skin, cavity)
    canvas.paint(region, "visceral_fat", cavity)
    lung = lung_coverage(canvas)
    if lung is not None:
        paint_lungs(canvas, anatomy.seed, lung)
    paint_mediastinum(canvas)
    paint_abdomen(canvas, anatomy.seed)
    paint_skeleton(canvas)
    lesions.paint_lesions(canvas, anatomy, lung)
    return canvas.values
