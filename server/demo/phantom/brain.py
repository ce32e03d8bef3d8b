"""A head for MR: folded grey matter, ventricles, skull, eyes; any plane, four weightings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from server.demo.phantom.canvas import FloatArray
from server.demo.phantom.shapes import Ellipsoid, rotation

# tissue: signal in (T1, T2, FLAIR), fat bright in all three as in fast spin echo.
SIGNALS: dict[str, tuple[float, float, float]] = {
    "air": (2, 2, 2),
    "fat": (920, 720, 600),
    "muscle": (390, 200, 230),
    "bone": (40, 30, 30),
    "marrow": (640, 430, 360),
    "spinal_fluid": (130, 1000, 60),
    "grey": (430, 520, 480),
    "white": (590, 350, 355),
    "deep_grey": (500, 410, 400),
    "lesion": (440, 760, 860),
    "eye": (150, 980, 110),
    "lens": (420, 240, 250),
    "vessel": (60, 40, 40),
    "mucosa": (420, 780, 720),
}
WEIGHTINGS = ("T1", "T2", "FLAIR")

_BRAIN = Ellipsoid((0.0, 4.0, 22.0), (67.0, 85.0, 68.0))
_CEREBELLUM = Ellipsoid((0.0, 46.0, -38.0), (50.0, 32.0, 26.0))
_LESIONS = (
    ((-24.0, -26.0, 34.0), 4.5), ((-30.0, 12.0, 38.0), 3.5), ((27.0, -18.0, 36.0), 4.0),
    ((31.0, 22.0, 32.0), 5.0), ((-22.0, 34.0, 30.0), 3.2), ((22.0, -34.0, 22.0), 3.0),
    ((-35.0, -6.0, 26.0), 2.8),
)  # fmt: skip


@dataclass(frozen=True)
class Points:
    """Where to sample: x, y, z in mm (LPS), each (rows, columns); softness of edges in mm."""

    x: FloatArray
    y: FloatArray
    z: FloatArray
    edge: float


class _Picture:
    def __init__(self, points: Points, weighting: str) -> None:
        self.points = points
        self.column = WEIGHTINGS.index(weighting)
        self.values: FloatArray = np.full(points.x.shape, SIGNALS["air"][self.column], np.float32)

    def lay(self, tissue: str, covered: FloatArray) -> None:
        self.values += covered * (np.float32(SIGNALS[tissue][self.column]) - self.values)

    def paint(self, tissue: str, distance: FloatArray) -> None:
        self.lay(tissue, np.clip(0.5 - distance / np.float32(self.points.edge), 0, 1))

    def ellipsoid(
        self,
        tissue: str,
        center: tuple[float, float, float],
        radii: tuple[float, float, float],
        turned: FloatArray | None = None,
    ) -> None:
        shape = Ellipsoid(center, radii) if turned is None else Ellipsoid(center, radii, turned)
        p = self.points
        self.paint(tissue, shape.distance(p.x, p.y, p.z))


def _waves(x: FloatArray, y: FloatArray, z: FloatArray, seed: int, wavelength: float) -> FloatArray:
    """Return a smooth random field of about unit size."""
    random = np.random.default_rng(seed)
    total = np.zeros_like(x)
    for _ in range(6):
        way = random.standard_normal(3)
        way = way / np.linalg.norm(way) * random.uniform(0.7, 1.3) * 2 * np.pi / wavelength
        phase = random.uniform(0, 2 * np.pi)
        total += np.sin(
            np.float32(way[0]) * x
            + np.float32(way[1]) * y
            + np.float32(way[2]) * z
            + np.float32(phase)
        )
    return total / np.float32(2.0)


def _fold_distance(p: Points, seed: int) -> FloatArray:
    """Return the distance (mm) to the nearest sulcus, the sheets between the gyri."""
    bend = 11.0
    x = np.abs(p.x) + np.float32(bend) * _waves(p.x, p.y, p.z, seed, 62)
    y = p.y + np.float32(bend) * _waves(p.x, p.y, p.z, seed + 1, 58)
    z = p.z + np.float32(bend) * _waves(p.x, p.y, p.z, seed + 2, 60)
    first = np.abs(np.sin((y * 0.8 + z * 0.55 + 0.25 * x) * np.float32(np.pi / 14))) * 14 / np.pi
    second = np.abs(np.sin((x * 0.8 - y * 0.35 + z * 0.6) * np.float32(np.pi / 18))) * 18 / np.pi
    result: FloatArray = np.minimum(first, second)
    return result * np.float32(0.75)


def _step(value: FloatArray, width: float) -> FloatArray:
    """Return a smooth step from 0 to 1 around 0, `width` mm wide."""
    result: FloatArray = (0.5 + 0.5 * np.tanh(value / np.float32(width))).astype(np.float32)
    return result


def _join(a: FloatArray, b: FloatArray, width: float) -> FloatArray:
    """Return the union of two distances with a rounded seam."""
    h = np.clip(0.5 + 0.5 * (b - a) / np.float32(width), 0, 1)
    result: FloatArray = b + (a - b) * h - np.float32(width) * h * (1 - h)
    return result


def _skull_floor(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the z (mm) of the skull base: front, middle and hind fossa."""
    middle = _step(np.abs(x) - 20, 6) * _step(14 - y, 8) * _step(y + 44, 6)
    result: FloatArray = -22 - 17 * middle + 7 * _step(-44 - y, 7)
    return result


def _intracranial(p: Points) -> FloatArray:
    vault = _BRAIN.grown(2.5).distance(p.x, p.y, p.z)
    vault = np.maximum(vault, _skull_floor(p.x, p.y) - 2 - p.z)
    return _join(vault, _CEREBELLUM.grown(3.0).distance(p.x, p.y, p.z), 5.0)


def _head(picture: _Picture, p: Points, inner: FloatArray) -> None:
    face = Ellipsoid((0.0, -50.0, -54.0), (57.0, 46.0, 66.0)).distance(p.x, p.y, p.z)
    neck = np.hypot(p.x, (p.y - 22) * 0.92) - np.float32(56) + np.maximum(p.z + 34, 0) * 2
    nose = Ellipsoid((0, -94, -44), (13, 17, 21), rotation(about_x=-16)).distance(p.x, p.y, p.z)
    outline = _join(_join(inner - 14, face, 16), _join(neck, nose, 6), 16)
    picture.paint("fat", outline)
    picture.paint("muscle", np.maximum(outline + 5, p.z + 30))
    temple = np.maximum(outline + 4, np.maximum(np.abs(p.z + 2) - 34, np.abs(p.y + 14) - 36))
    picture.paint("muscle", np.maximum(temple, 8.5 - inner))


def _face(picture: _Picture) -> None:
    for side in (-1.0, 1.0):
        picture.ellipsoid("fat", (side * 31, -58, -22), (21, 27, 19))
        picture.ellipsoid("eye", (side * 32, -72, -22), (12.2, 12.2, 12.2))
        picture.ellipsoid("lens", (side * 32, -81.5, -22), (4.6, 2.4, 4.6))
        picture.ellipsoid(
            "muscle", (side * 24, -48, -22), (2.2, 22, 2.6), rotation(about_z=side * 22)
        )
        picture.ellipsoid(
            "muscle", (side * 42, -52, -22), (2.0, 22, 4), rotation(about_z=-side * 8)
        )
        picture.ellipsoid("mucosa", (side * 32, -58, -60), (19, 20, 20))
        picture.ellipsoid("air", (side * 32, -58, -60), (17, 18, 18))
        picture.ellipsoid("mucosa", (side * 8, -56, -58), (3.5, 26, 14))
        picture.ellipsoid("air", (side * 14, -62, -48), (3.4, 24, 17))
        picture.ellipsoid("air", (side * 54, 22, -46), (10, 14, 16))
    picture.ellipsoid("air", (0, -30, -32), (13, 13, 9))
    picture.ellipsoid("air", (0, -84, 10), (17, 5, 11))
    picture.ellipsoid("air", (0, -14, -78), (11, 8, 30))
    picture.ellipsoid("muscle", (0, -46, -96), (22, 36, 17))
    picture.ellipsoid("bone", (0, -30, -78), (26, 36, 3.4))


def _skull(picture: _Picture, inner: FloatArray) -> None:
    picture.paint("bone", inner - 8)
    picture.paint("marrow", np.abs(inner - 4.2) - 1.6)
    picture.ellipsoid("marrow", (0, 2, -46), (10, 9, 17), rotation(about_x=32))
    picture.paint("spinal_fluid", inner)


def _cerebrum(picture: _Picture, p: Points, seed: int) -> None:
    x, y, z = p.x, p.y, p.z
    vault = _BRAIN.distance(x, y, z)
    outer = np.maximum(vault, _skull_floor(x, y) - z)
    outer = outer + np.float32(1.0) * _waves(x, y, z, seed + 5, 40)
    apart = _step(z - 30, 3) + _step(-36 - y, 3) + _step(y - 40, 3)
    midline = np.float32(1.5) * np.minimum(apart, 1) - np.abs(x + 0.6 * np.sin(y / 13))
    cleft = np.abs(z - 1 - 0.3 * y + 3 * _waves(x, y, z, seed + 7, 46))
    sylvian = 0.8 * cleft + np.maximum(37 - np.abs(x), 0) * 2 + np.maximum(np.abs(y + 6) - 26, 0)
    depth = -outer
    open_fold = np.clip((27 + vault + 6 * _waves(x, y, z, seed + 8, 37)) / 7, 0, 1)
    groove = np.minimum(_fold_distance(p, seed) + (1 - open_fold) * 10, sylvian)
    width = np.float32(0.5) + np.float32(0.6) * np.clip(1 - depth / 9, 0, 1)
    fluid = np.maximum(np.maximum(outer, midline), width - groove)
    picture.paint("grey", fluid)
    cortex = np.minimum(np.minimum(depth, groove - width), np.where(apart > 0.5, -midline, 40))
    picture.paint("white", np.maximum(np.float32(2.7) - cortex, fluid))
    ring = np.hypot(y / 36, (z - 17) / 20)
    callosum = np.maximum(np.abs(ring - 1) * 22 - 3.6, np.abs(x) - 14)
    picture.paint("white", np.maximum(callosum, 12 - z))


def _deep(picture: _Picture) -> None:
    for s in (-1.0, 1.0):
        picture.ellipsoid("deep_grey", (s * 12, 10, 12), (9, 15, 9), rotation(about_z=s * 24))
        picture.ellipsoid("deep_grey", (s * 25, -8, 10), (6.5, 18, 11), rotation(about_z=-s * 12))
        picture.ellipsoid("deep_grey", (s * 14, -22, 18), (6, 11, 10), rotation(about_z=-s * 10))
        # Lateral ventricles: front horn, body, atrium, temporal horn.
        picture.ellipsoid(
            "spinal_fluid", (s * 8.5, -24, 22), (4.2, 14, 8), rotation(about_z=-s * 18)
        )
        picture.ellipsoid("spinal_fluid", (s * 10, 2, 29), (5.2, 28, 5.4), rotation(about_z=s * 8))
        picture.ellipsoid("spinal_fluid", (s * 24, 36, 18), (6, 15, 9), rotation(about_z=-s * 18))
        picture.ellipsoid("spinal_fluid", (s * 32, 8, -12), (2.6, 15, 3), rotation(about_z=s * 10))
        picture.ellipsoid("grey", (s * 27, 6, -16), (5, 16, 4), rotation(about_z=s * 10))
    picture.ellipsoid("spinal_fluid", (0, 6, 10), (2.4, 15, 10))


def _hindbrain(picture: _Picture, p: Points, seed: int) -> None:
    x, y, z = p.x, p.y, p.z
    outer = _CEREBELLUM.distance(x, y, z)
    outer = np.maximum(outer, 8 - np.hypot(x, y - 78))
    radius = np.hypot((y - 30) * 0.9, (z + 32) * 1.15)
    leaves = np.abs(
        np.sin((radius + 1.5 * _waves(x, y, z, seed + 9, 30)) * np.float32(np.pi / 5.2))
    )
    picture.paint("grey", np.maximum(outer, 0.35 - leaves))
    core = _CEREBELLUM.grown(-9).distance(x, y, z) + 3 * _waves(x, y, z, seed + 10, 22)
    picture.paint("white", np.maximum(core, 3.5 - np.abs(x)))
    picture.ellipsoid("white", (0, 18, -30), (16, 13, 17))
    picture.ellipsoid("white", (0, 8, -8), (17, 10, 12))
    stem = np.hypot(x / 1.1, y - (26 + (z + 60) * -0.08)) - np.float32(8) + np.maximum(z + 36, 0)
    cord_space = np.hypot(x, y - (27 + (z + 60) * -0.08)) - np.float32(12) + np.maximum(z + 52, 0)
    picture.paint("spinal_fluid", cord_space)
    picture.paint("white", stem)
    picture.ellipsoid("spinal_fluid", (0, 31, -34), (7.5, 5, 11))
    picture.ellipsoid("vessel", (0, 3, -30), (1.8, 1.8, 16))
    for s in (-1.0, 1.0):
        picture.ellipsoid("vessel", (s * 13, -12, -30), (2.6, 2.6, 10))


def head_signal(points: Points, weighting: str, seed: int) -> FloatArray:
    """Return the MR signal (rows, columns), without noise, for T1, T2 or FLAIR."""
    picture = _Picture(points, weighting)
    inner = _intracranial(points)
    _head(picture, points, inner)
    _face(picture)
    _skull(picture, inner)
    _cerebrum(picture, points, seed)
    _deep(picture)
    _hindbrain(picture, points, seed)
    for center, radius in _LESIONS:
        picture.ellipsoid("lesion", center, (radius, radius * 1.3, radius * 0.8))
    picture.ellipsoid("vessel", (0, 88, 30), (3.4, 3, 30))
    receive = 1 + 0.10 * (points.y / 90) + 0.06 * np.hypot(points.x, points.y) / 90
    grain = 1 + 0.018 * _waves(points.x, points.y, points.z, seed + 3, 9)
    return picture.values * grain * receive.astype(np.float32)


def rician(signal: FloatArray, sigma: float, seed: int) -> FloatArray:
    """Return the magnitude of the signal with complex noise, as a scanner shows it."""
    random = np.random.default_rng(seed)
    real = signal + random.standard_normal(signal.shape, dtype=np.float32) * np.float32(sigma)
    imaginary = random.standard_normal(signal.shape, dtype=np.float32) * np.float32(sigma)
    result: FloatArray = np.hypot(real, imaginary)
    return result
