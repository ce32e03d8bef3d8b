"""Ribs, spine, breastbone, shoulder blades and collar bones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from server.demo.phantom import frame
from server.demo.phantom.canvas import Canvas, Point
from server.demo.phantom.shapes import Ellipsoid, paint_ellipsoid, ripple, superellipse
from server.demo.phantom.tubes import Tubes, cover, curve, join, paint_tubes

RIB_SPACING = 22.5
FIRST_RIB = 206.0
# How far round each rib reaches (degrees from the spine) and how far it comes down (mm).
_REACH = (148, 146, 143, 140, 137, 134, 131, 124, 114, 102, 84, 62)
_DROP = (36, 48, 60, 70, 78, 84, 88, 86, 80, 70, 54, 36)
SHELL = 1.5


def _ring_point(z: float, angle: float, side: int, outside: float) -> tuple[float, float]:
    width, depth, center = frame.cavity_size(z)
    sine, cosine = math.sin(angle), math.cos(angle)
    x = (width + outside) * abs(sine) ** 0.86 * side
    y = center + (depth + outside) * math.copysign(abs(cosine) ** 0.86, cosine)
    return x, y


def _rib(number: int, side: int) -> tuple[Tubes, Tubes | None]:
    """Return the bony and the cartilage part of a rib (number from 0)."""
    top = FIRST_RIB - RIB_SPACING * number
    reach, drop = math.radians(_REACH[number]), _DROP[number]
    bone: list[Point] = []
    for step in range(13):
        u = step / 12
        angle = math.radians(13) + u * (reach - math.radians(13))
        z = top + 5 * math.sin(min(1, u * 6) * math.pi) - drop * u**1.25
        x, y = _ring_point(min(z, 202.0), angle, side, 5.2)
        bone.append((x, y, z))
    spine = frame.spine_y(top)
    bone.insert(0, (side * 17.0, spine + 10, top + 3))
    radii = [3.4, 4.4] + [4.2] * 11 + [4.6]
    cartilage = None
    if number < 10:
        last = bone[-1]
        end_z = 148 - 21 * number if number < 6 else 22 - 4.0 * (number - 6)
        end_angle = math.radians(172 if number < 6 else 160 - 7 * (number - 6))
        points = [last]
        for u in (0.5, 1.0):
            z = last[2] + (end_z - last[2]) * u**1.5
            x, y = _ring_point(z, reach + (end_angle - reach) * u, side, 5.0)
            points.append((x, y, z))
        cartilage = curve(points, [4.6, 4.6, 4.2], flatten=0.6)
    return curve(bone, radii, flatten=0.58), cartilage


@dataclass(frozen=True)
class _Ribs:
    bone: Tubes
    cartilage: Tubes


@lru_cache(maxsize=1)
def _ribs() -> _Ribs:
    pairs = [_rib(number, side) for number in range(12) for side in (-1, 1)]
    bone = join([pair[0] for pair in pairs])
    cartilage = join([pair[1] for pair in pairs if pair[1] is not None])
    return _Ribs(bone, cartilage)


def _vertebra_levels() -> list[tuple[float, float]]:
    """Return (middle z, height) of the vertebrae from the lower neck to the pelvis."""
    levels = []
    z, height = 245.0, 17.0
    while z > -260:
        levels.append((z, height))
        height = float(np.interp(-z, (-245, -190, -60, 60, 160, 260), (16, 20, 23, 26, 30, 31)))
        z -= height
    return levels


@lru_cache(maxsize=1)
def _arches() -> Tubes:
    """Return pedicles, laminae, transverse and spinous processes of all vertebrae."""
    parts = []
    for z, height in _vertebra_levels():
        y = frame.spine_y(z)
        depth = float(np.interp(-z, (-240, 0, 200), (9, 13, 17)))
        chest = z > -70
        back = y + depth + 15
        slope = height * (0.9 if chest else 0.25)
        for side in (-1, 1):
            parts.append(
                curve([(side * 10, y + depth - 3, z + 3), (side * 13, back, z + 1)], [4.2, 4.2])
            )
            parts.append(
                curve([(side * 13, back, z + 1), (0, back + 11, z - slope * 0.3)], [4.4, 3.8])
            )
            tip = (side * 33, back + 9, z + 5) if chest else (side * 42, back - 4, z)
            parts.append(curve([(side * 13, back, z + 1), tip], [4.6, 3.2]))
        parts.append(
            curve([(0, back + 10, z - slope * 0.3), (0, back + 30, z - slope)], [3.4, 2.8], 0.6)
        )
    merged = [Tubes(p.start, p.end, p.start_radius, p.end_radius) for p in parts]
    return join(merged)


@lru_cache(maxsize=1)
def _collar_bones() -> Tubes:
    return join(
        [
            curve(
                [(s * 14, -62, 166), (s * 48, -70, 174), (s * 95, -40, 190), (s * 132, -8, 204)],
                [8.0, 6.0, 5.5, 6.5],
            )
            for s in (-1, 1)
        ]
    )


def _bony(canvas: Canvas, tubes: Tubes, shell: float, hard: str) -> None:
    outer = cover(canvas, tubes)
    if outer is None:
        return
    canvas.lay(canvas.whole(), hard, outer)
    inner = cover(canvas, tubes.grown(-shell))
    if inner is not None:
        canvas.lay(canvas.whole(), "cancellous_bone", inner)


def _paint_vertebra(canvas: Canvas) -> None:
    z = canvas.plane.z
    middle, height = min(_vertebra_levels(), key=lambda level: abs(level[0] - z))
    y = frame.spine_y(z)
    waist = 1 - 0.09 * math.cos(math.pi * (z - middle) / (height / 2 + 0.1) / 1.0) * 0.5
    width = float(np.interp(-z, (-240, -100, 0, 200), (13, 16, 19, 25))) * waist
    depth = float(np.interp(-z, (-240, -100, 0, 200), (9, 13, 15, 18))) * waist
    region = canvas.region(-45, 45, y - 30, y + 55)
    if region is None:
        return
    distance = superellipse(region.x, region.y - np.float32(y), width, depth, 2.3)
    hollow = np.exp(-((region.x / 9) ** 2)) * np.clip((region.y - y) / depth, 0, 1) * 2.2
    distance = distance + hollow
    to_end = abs(z - middle) - (height / 2 - 2.6)
    if to_end > 0.8:
        canvas.paint(region, "disc", distance)
    else:
        solid = np.maximum(distance, np.float32(to_end))
        canvas.paint(region, "cortical_bone", solid)
        texture = ripple(region, 0.25, 7.0)
        canvas.paint(region, "cancellous_bone", solid + np.float32(SHELL) + texture)
    canal = superellipse(region.x, region.y - np.float32(y + depth + 9), 11.0, 8.0, 2.2)
    canvas.paint(region, "visceral_fat", canal)
    canvas.paint(region, "spinal_fluid", canal + np.float32(1.6))
    if z > -110:
        canvas.paint(region, "spinal_cord", canal + np.float32(4.2))


def _paint_sternum(canvas: Canvas) -> None:
    z = canvas.plane.z
    if not -28 < z < 160:
        return
    _, depth, center = frame.cavity_size(z)
    y = center - depth - 8
    half_width = float(
        np.interp(z, (-28, -5, 5, 60, 118, 124, 145, 160), (3, 8, 17, 19, 13, 26, 33, 30))
    )
    region = canvas.region(-45, 45, y - 15, y + 15)
    if region is None:
        return
    curved = region.y - np.float32(y) - region.x * region.x / np.float32(420)
    distance = superellipse(region.x, curved, half_width, 6.2, 2.8)
    canvas.paint(region, "rib_bone", distance)
    canvas.paint(region, "cancellous_bone", distance + np.float32(1.3))


def _blade(canvas: Canvas, side: int) -> None:
    """Paint a shoulder blade: a thin curved plate with a ridge on its back."""
    z = canvas.plane.z
    if not 38 < z < 205:
        return
    u = (z - 38) / 160
    fade = min(1.0, (z - 36) / 14, (206 - z) / 10)
    inner = (88 - 16 * math.sin(math.pi * min(u, 1)), 88 - 26 * u)
    outer = (96 + 44 * min(1, u * 1.35), 72 - 46 * u)
    ix, iy = side * inner[0], inner[1]
    ox, oy = side * outer[0], outer[1]
    pieces = [
        curve(
            [(ix, iy, z), ((ix + ox) / 2 + side * 3, (iy + oy) / 2 + 5, z), (ox, oy, z)],
            [2.8 * fade, 2.2 * fade, (4.8 + 3 * u) * fade],
        )
    ]
    if z > 120:
        ridge = (z - 120) / 80
        mid = ((ix + ox) / 2, (iy + oy) / 2 + 4)
        tip = (ox + side * 12 * ridge, oy + 22 + 4 * ridge)
        thick = min(1.0, ridge * 4) * fade
        pieces.append(curve([(mid[0], mid[1], z), (tip[0], tip[1], z)], [2.5 * thick, 3.6 * thick]))
    _bony(canvas, join(pieces), 1.2, "rib_bone")


def _shoulder(side: int) -> Ellipsoid:
    return Ellipsoid((side * 148.0, 8.0, 206.0), (20.0, 21.0, 22.0))


def paint_skeleton(canvas: Canvas) -> None:
    """Paint all bones that meet this slice."""
    ribs = _ribs()
    paint_tubes(canvas, "cartilage", ribs.cartilage)
    _bony(canvas, ribs.bone, 1.15, "rib_bone")
    _paint_vertebra(canvas)
    _bony(canvas, _arches(), SHELL, "cortical_bone")
    _paint_sternum(canvas)
    for side in (-1, 1):
        _blade(canvas, side)
        paint_ellipsoid(canvas, "cortical_bone", _shoulder(side))
        paint_ellipsoid(canvas, "cancellous_bone", _shoulder(side).grown(-1.4))
    _bony(canvas, _collar_bones(), 1.6, "cortical_bone")
    _paint_pelvis(canvas)


def _paint_pelvis(canvas: Canvas) -> None:
    """Paint the iliac crests at the lower end."""
    z = canvas.plane.z
    if z > -186:
        return
    u = min(1.0, (-186 - z) / 50)
    pieces = []
    for side in (-1, 1):
        pieces.append(
            curve(
                [
                    (side * (118 - 38 * u), 12 + 40 * u, z),
                    (side * 122, 2, z),
                    (side * (118 + 4 * u), -6 - 34 * u, z),
                ],
                [4.0 + 3 * u, 5.0, 4.5],
            )
        )
    _bony(canvas, join(pieces), 1.6, "cortical_bone")
