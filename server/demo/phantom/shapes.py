"""Signed shapes in mm: negative inside, positive outside; LPS coordinates."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from server.demo.phantom.canvas import Canvas, FloatArray, Point, Region, coverage

MARGIN = 3.0


def rotation(about_x: float = 0.0, about_y: float = 0.0, about_z: float = 0.0) -> FloatArray:
    """Return the matrix that turns by the three angles (degrees), x first."""
    ax, ay, az = (math.radians(angle) for angle in (about_x, about_y, about_z))
    rx = np.array([[1, 0, 0], [0, math.cos(ax), -math.sin(ax)], [0, math.sin(ax), math.cos(ax)]])
    ry = np.array([[math.cos(ay), 0, math.sin(ay)], [0, 1, 0], [-math.sin(ay), 0, math.cos(ay)]])
    rz = np.array([[math.cos(az), -math.sin(az), 0], [math.sin(az), math.cos(az), 0], [0, 0, 1]])
    return np.asarray(rz @ ry @ rx, dtype=np.float32)


IDENTITY = rotation()


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid: centre, half-axes, and how it is turned."""

    center: Point
    radii: Point
    turned: FloatArray = field(default_factory=lambda: IDENTITY)

    def grown(self, by: float) -> Ellipsoid:
        """Return it thicker by `by` mm on all sides (thinner when negative)."""
        a, b, c = (max(radius + by, 0.5) for radius in self.radii)
        return Ellipsoid(self.center, (a, b, c), self.turned)

    def region(self, canvas: Canvas, margin: float = MARGIN) -> Region | None:
        """Return the box that the ellipsoid covers in this plane, or None."""
        reach = np.sqrt((self.turned**2) @ (np.array(self.radii) ** 2)) + margin
        x, y, z = self.center
        if abs(canvas.plane.z - z) > reach[2]:
            return None
        return canvas.region(x - reach[0], x + reach[0], y - reach[1], y + reach[1])

    def distance(self, x: FloatArray, y: FloatArray, z: float | FloatArray) -> FloatArray:
        """Return the signed distance (first-order approximation) at points, mm."""
        dx, dy = x - np.float32(self.center[0]), y - np.float32(self.center[1])
        dz = z - np.float32(self.center[2])
        outer = np.float32(0)
        inner = np.float32(0)
        for axis, radius in enumerate(self.radii):
            along = dx * self.turned[0, axis] + dy * self.turned[1, axis]
            along = (along + dz * self.turned[2, axis]) / np.float32(radius)
            square = along * along
            outer = outer + square
            inner = inner + square / np.float32(radius * radius)
        k0 = np.sqrt(outer)
        result: FloatArray = k0 * (k0 - 1) / np.sqrt(np.maximum(inner, np.float32(1e-9)))
        return result


def ripple(region: Region, amplitude: float, wavelength: float, phase: float = 0.0) -> FloatArray:
    """Return a smooth bumpy displacement (mm) of about `amplitude`, (rows, columns)."""
    k = 2 * math.pi / wavelength
    total = np.zeros((region.y.shape[0], region.x.shape[1]), dtype=np.float32)
    for turn, (kx, ky, kz) in enumerate(((1, 0.7, 0.6), (0.6, 1.1, 0.9), (1.7, 1.5, 1.3))):
        shift = phase + 1.7 * turn
        along_x = np.sin(k * kx * region.x + 0.9 * shift + k * kz * region.z)
        along_y = np.sin(k * ky * region.y + 1.3 * shift - 0.6 * k * kz * region.z)
        total += along_x * along_y / np.float32(1 + 0.5 * turn)
    total *= np.float32(amplitude)
    return total


def paint_ellipsoid(
    canvas: Canvas,
    tissue: str,
    shape: Ellipsoid,
    within: FloatArray | None = None,
    bumps: float = 0.0,
    wavelength: float = 40.0,
) -> FloatArray | None:
    """Paint an ellipsoid, clipped by a coverage image of the whole plane; return its coverage."""
    region = shape.region(canvas, MARGIN + abs(bumps) * 2)
    if region is None:
        return None
    distance = shape.distance(region.x, region.y, region.z)
    if bumps:
        distance = distance + ripple(region, bumps, wavelength, phase=shape.center[0])
    covered = coverage(distance, canvas.plane.edge)
    if within is not None:
        covered = covered * within[region.index]
    canvas.lay(region, tissue, covered)
    return covered


def superellipse(
    x: FloatArray, y: FloatArray, half_width: float, half_depth: float, power: float
) -> FloatArray:
    """Return the radial distance (mm) to a superellipse around the origin; x, y broadcast."""
    exponent = np.float32(power)
    size = (np.abs(x / half_width) ** exponent + np.abs(y / half_depth) ** exponent) ** (
        np.float32(1) / exponent
    )
    radius = np.sqrt(x * x + y * y)
    result: FloatArray = radius - radius / np.maximum(size, np.float32(1e-3))
    return result
