"""An apical four-chamber view in ultrasound: a beating heart in a sector, with colour flow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from server.demo.phantom.canvas import FloatArray

Picture = npt.NDArray[np.uint8]
WIDTH, HEIGHT = 640, 480
APEX = (320.0, 26.0)  # pixel where the beams come from
MM_PER_PIXEL = 0.40
DEPTH = 168.0
HALF_ANGLE = math.radians(37)


@dataclass(frozen=True)
class _Sector:
    """Sampling points of the picture: `u` to the right and `d` down, in mm from the probe."""

    u: FloatArray
    d: FloatArray
    inside: npt.NDArray[np.bool_]
    radius: FloatArray
    angle: FloatArray


def _sector() -> _Sector:
    columns, rows = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    u = ((columns - APEX[0]) * MM_PER_PIXEL).astype(np.float32)
    d = ((rows - APEX[1]) * MM_PER_PIXEL).astype(np.float32)
    radius, angle = np.hypot(u, d), np.arctan2(u, d)
    inside = (np.abs(angle) < HALF_ANGLE) & (radius > 4) & (radius < DEPTH)
    return _Sector(u, d, inside, radius, angle)


def _speckle(seed: int) -> FloatArray:
    """Return speckle (depth, beams): grains that are short along the beam and wide across it."""
    random = np.random.default_rng(seed)
    shape = (640, 256)
    field = random.standard_normal(shape) + 1j * random.standard_normal(shape)
    along = np.fft.fftfreq(shape[0])[:, None]
    across = np.fft.fftfreq(shape[1])[None, :]
    soft = np.exp(-((along / 0.20) ** 2) - ((across / 0.16) ** 2))
    grain = np.abs(np.fft.ifft2(np.fft.fft2(field) * soft))
    return np.asarray(grain / grain.mean(), dtype=np.float32)


def _ellipse(s: _Sector, center: tuple[float, float], radii: tuple[float, float]) -> FloatArray:
    """Return the distance (mm) to an egg-shaped cavity, pointed towards the probe."""
    du, dd = s.u - np.float32(center[0]), s.d - np.float32(center[1])
    taper = 1 - 0.28 * np.clip(-dd / np.float32(radii[1]), -1, 1)
    size = np.sqrt((du / (radii[0] * taper)) ** 2 + (dd / radii[1]) ** 2)
    result: FloatArray = (size - 1) * np.float32(min(radii))
    return result


def _contraction(phase: float) -> float:
    """Return how far the ventricles have contracted (0…1) at a phase (0…1) of the beat."""
    if phase < 0.36:
        return math.sin(math.pi / 2 * phase / 0.36) ** 2
    if phase < 0.56:
        return math.cos(math.pi / 2 * (phase - 0.36) / 0.2) ** 2
    return 0.0


def _leaflet(s: _Sector, hinge: tuple[float, float], tip: tuple[float, float]) -> FloatArray:
    wu, wd = tip[0] - hinge[0], tip[1] - hinge[1]
    t = np.clip(((s.u - hinge[0]) * wu + (s.d - hinge[1]) * wd) / (wu * wu + wd * wd), 0, 1)
    result: FloatArray = np.hypot(s.u - hinge[0] - t * wu, s.d - hinge[1] - t * wd)
    return result


def _soft(distance: FloatArray, width: float = 1.4) -> FloatArray:
    result: FloatArray = np.clip(0.5 - distance / np.float32(width), 0, 1)
    return result


def _tissue(s: _Sector, squeeze: float, opening: float) -> tuple[FloatArray, FloatArray]:
    """Return (echo strength 0…1, blood 0…1) in the sector."""
    small = 1 - 0.26 * squeeze
    plane = 96 - 9 * squeeze
    left = _ellipse(s, (20, plane - 39), (18.5 * small, 40))
    right = _ellipse(s, (-21, plane - 33), (14 * small, 34))
    left_atrium = _ellipse(s, (21, plane + 24), (19, 21 + 3 * squeeze))
    right_atrium = _ellipse(s, (-21, plane + 23), (18, 20 + 3 * squeeze))
    blood = np.maximum(
        np.maximum(_soft(left), _soft(right)), np.maximum(_soft(left_atrium), _soft(right_atrium))
    )
    wall = np.maximum(_soft(left - 10 - 2.5 * squeeze, 3), _soft(right - 6, 3))
    wall = np.maximum(wall, np.maximum(_soft(left_atrium - 4, 3), _soft(right_atrium - 4, 3)))
    heart = np.minimum(np.minimum(left - 11, right - 7), np.minimum(left_atrium, right_atrium) - 5)
    sac = np.exp(-((heart / 2.2) ** 2)) * (s.d > 22)
    echo = 0.20 + 0.10 * np.sin(s.d / 9 + s.u / 23)
    echo = echo * (1 - wall) + 0.50 * wall
    echo = np.maximum(echo, 0.92 * sac)
    echo = echo * (1 - blood) + 0.035 * blood
    for hinge, middle in (((4.0, plane), 20.0), ((37.0, plane), 20.0), ((-36.0, plane - 3), -21.0),
                          ((-7.0, plane - 3), -21.0)):  # fmt: skip
        toward = middle - hinge[0]
        tip = (hinge[0] + toward * (0.92 - 0.62 * opening), hinge[1] + 2 - 17 * opening)
        echo = np.maximum(echo, 0.85 * np.exp(-((_leaflet(s, hinge, tip) / 1.1) ** 2)))
    return np.asarray(echo, dtype=np.float32), np.asarray(blood, dtype=np.float32)


def _flow(s: _Sector, squeeze: float, filling: float, ejecting: float) -> FloatArray:
    """Return the velocity towards the probe (−1…1); outside ±1 it wraps round."""
    plane = 96 - 9 * squeeze
    inflow = np.exp(-(((s.u - 20) / 8) ** 2) - (((s.d - plane + 16) / 26) ** 2)) * 1.05 * filling
    outflow = np.exp(-(((s.u - 7) / 6) ** 2) - (((s.d - plane + 20) / 20) ** 2)) * -0.95 * ejecting
    bend = 14 + 0.16 * (s.d - plane)
    jet = np.exp(-(((s.u - bend) / 3.6) ** 2) - (((s.d - plane - 13) / 12) ** 2)) * -1.7 * ejecting
    result: FloatArray = (inflow + outflow + jet).astype(np.float32)
    return result


def _colour(velocity: FloatArray) -> FloatArray:
    """Return RGB (…, 3) of a velocity: red towards the probe, blue away, wrapped when too fast."""
    wrapped = (velocity + 1) % 2 - 1
    strong = np.abs(wrapped)
    towards = wrapped > 0
    red = np.where(towards, 110 + 145 * strong, 30 * strong)
    green = np.where(
        towards, 190 * np.clip(strong - 0.35, 0, 1), 210 * np.clip(strong - 0.35, 0, 1)
    )
    blue = np.where(towards, 10, 120 + 135 * strong)
    return np.stack([red, green, blue], axis=-1).astype(np.float32)


def _in_colour_box(s: _Sector) -> npt.NDArray[np.bool_]:
    return np.asarray((np.abs(s.angle - 0.16) < 0.24) & (s.radius > 46) & (s.radius < 136))


def _decorate(picture: Image.Image, frame: int, frames: int, beats: int) -> None:
    """Draw what a machine draws around: depth marks, colour bar, electrocardiogram."""
    draw = ImageDraw.Draw(picture)
    for depth in range(0, int(DEPTH) + 1, 10):
        y = APEX[1] + depth / MM_PER_PIXEL
        draw.line([(598, y), (606 if depth % 50 else 612, y)], fill=(150, 150, 150))
    bar = np.linspace(0.98, -0.98, 120, dtype=np.float32)
    for offset, colour in enumerate(_colour(bar)):
        tone = tuple(int(value) for value in colour)
        draw.line([(24, 60 + offset), (38, 60 + offset)], fill=tone)
    draw.text((20, 44), "+61.6", fill=(210, 210, 210))
    draw.text((20, 184), "-61.6 cm/s", fill=(210, 210, 210))
    draw.text((20, 10), "DEMO  Adult Echo  S5-1", fill=(210, 210, 210))
    draw.text((20, 24), "16.8cm  24Hz  2D 62%  CF 2.5MHz", fill=(210, 210, 210))
    points = []
    for x in range(40, 600):
        place = ((x - 40) / 560 * beats) % 1
        spike = 26 * math.exp(-(((place - 0.06) / 0.012) ** 2))
        spike -= 7 * math.exp(-(((place - 0.085) / 0.012) ** 2))
        spike += 6 * math.exp(-(((place - 0.32) / 0.05) ** 2))
        spike += 3.5 * math.exp(-(((place - 0.90) / 0.03) ** 2))
        points.append((x, 466 - spike))
    draw.line(points, fill=(40, 210, 90))
    now = 40 + 560 * frame / frames
    draw.line([(now, 436), (now, 476)], fill=(230, 200, 40))


def frames(count: int, seed: int, beats: int = 2) -> list[Picture]:
    """Return the pictures (480, 640, 3) of a loop of `beats` heart beats."""
    s, speckle = _sector(), _speckle(seed)
    box = _in_colour_box(s)
    rim = box & ~(
        np.roll(box, 1, 0) & np.roll(box, -1, 0) & np.roll(box, 1, 1) & np.roll(box, -1, 1)
    )
    random = np.random.default_rng(seed + 1)
    result = []
    for number in range(count):
        phase = number * beats / count % 1
        squeeze = _contraction(phase)
        filling = math.exp(-(((phase - 0.62) / 0.08) ** 2)) + 0.7 * math.exp(
            -(((phase - 0.90) / 0.05) ** 2)
        )
        ejecting = math.exp(-(((phase - 0.18) / 0.11) ** 2))
        echo, blood = _tissue(s, squeeze, min(1.0, filling + 0.12 * (phase > 0.5)))
        deep = ((s.radius - 5 * squeeze) * 3.7).astype(int) % speckle.shape[0]
        beam = ((s.angle / HALF_ANGLE + 1) * 127).astype(int) % speckle.shape[1]
        grain = speckle[deep, beam]
        grain = (
            grain * (1 - 0.5 * blood) + 0.5 * blood * np.roll(speckle, number * 37, 0)[deep, beam]
        )
        level = np.log1p(9 * echo * grain) / math.log(10) * (1.08 - s.radius / 420)
        grey = np.clip(level * 205, 0, 255) * s.inside
        rgb = np.repeat(grey[:, :, None], 3, axis=2)
        velocity = _flow(s, squeeze, filling, ejecting)
        velocity = velocity + random.standard_normal(velocity.shape).astype(np.float32) * 0.05
        shown = box & (blood > 0.6) & (np.abs(velocity) > 0.16)
        rgb[shown] = _colour(velocity)[shown]
        rgb[rim & s.inside] = (225, 225, 225)
        picture = Image.fromarray(rgb.astype(np.uint8))
        _decorate(picture, number, count, beats)
        result.append(np.asarray(picture))
    return result
