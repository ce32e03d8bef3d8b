"""A chest radiograph: rays through the phantom, standing, arms turned out, front to film."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from server.demo.phantom.canvas import FloatArray, Plane
from server.demo.phantom.frame import Anatomy
from server.demo.phantom.tissues import attenuation
from server.demo.phantom.torso import paint_torso

WATER_PER_MM = 0.0205
DEPTH_STEP = 2.8


def path_lengths(anatomy: Anatomy, width: float, top: float, height: float, step: float,
                 first: int, last: int) -> FloatArray:  # fmt: skip
    """Return rows first … last − 1 of the water-equivalent path (mm) along y, (rows, columns).

    Rows lie `step` mm apart below `top`; the whole picture is `width` × `height` mm.
    """
    columns = round(width / step)
    x = ((np.arange(columns) - (columns - 1) / 2) * step).astype(np.float32)
    y = np.arange(-122, 130, DEPTH_STEP, dtype=np.float32)
    values = attenuation()
    rows = []
    for row in range(first, min(last, round(height / step))):
        # Another offset in every row, so that the sampling leaves no pattern.
        shift = np.float32(DEPTH_STEP * (row * 0.618 % 1))
        plane = Plane(x=x, y=y + shift, z=top - row * step, edge=2.4)
        slab = paint_torso(plane, values, anatomy, table=False)
        rows.append(slab.sum(axis=0) * np.float32(DEPTH_STEP))
    return np.array(rows, dtype=np.float32)


@lru_cache(maxsize=2)
def _blur_kernel(radius: int) -> FloatArray:
    offsets = np.arange(-3 * radius, 3 * radius + 1)
    kernel = np.exp(-(offsets**2) / (2.0 * radius**2))
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


def blurred(image: FloatArray, radius: int) -> FloatArray:
    """Return the image blurred by a Gaussian of `radius` pixels, edges held."""
    kernel = _blur_kernel(radius)
    reach = len(kernel) // 2
    for axis in (0, 1):
        pad = [(reach, reach) if axis == index else (0, 0) for index in (0, 1)]
        spectrum_size = image.shape[axis] + 2 * reach
        padded = np.pad(image, pad, mode="edge")
        shape = [1, 1]
        shape[axis] = spectrum_size // 2 + 1
        response = np.fft.rfft(kernel, spectrum_size).reshape(shape)
        filtered = np.fft.irfft(np.fft.rfft(padded, axis=axis) * response, spectrum_size, axis=axis)
        kept = [slice(None), slice(None)]
        kept[axis] = slice(2 * reach, 2 * reach + image.shape[axis])
        image = filtered[tuple(kept)].astype(np.float32)
    return image


def enlarge(image: FloatArray, rows: int, columns: int) -> FloatArray:
    """Return the image with linear interpolation at (rows, columns), pixel centres kept."""
    for axis, count in ((0, rows), (1, columns)):
        size = image.shape[axis]
        place = np.clip((np.arange(count) + 0.5) * size / count - 0.5, 0, size - 1)
        low = np.minimum(place.astype(int), size - 2)
        part = (place - low).astype(np.float32)
        part = part[:, None] if axis == 0 else part[None, :]
        image = np.take(image, low, axis) * (1 - part) + np.take(image, low + 1, axis) * part
    return image


def exposure(path: FloatArray, noise_seed: int) -> FloatArray:
    """Return the logarithm of the signal at the detector: scatter and quantum noise included."""
    primary = np.exp(-path * np.float32(WATER_PER_MM))
    scatter = blurred(primary, max(2, primary.shape[1] // 24))
    signal = primary + np.float32(0.55) * scatter + np.float32(1.5e-3)
    random = np.random.default_rng(noise_seed)
    grain = random.standard_normal(signal.shape, dtype=np.float32)
    signal = signal * (1 + grain * np.float32(0.0022) / np.sqrt(signal))
    return np.asarray(np.log(np.maximum(signal, 1e-4)), dtype=np.float32)


def harmonised(log_signal: FloatArray) -> FloatArray:
    """Return the picture a DR system stores: large differences tamed, fine detail raised."""
    density = -log_signal
    wide = blurred(density, max(2, density.shape[1] // 16))
    fine = density - blurred(density, max(1, density.shape[1] // 500))
    middle = float(np.median(wide))
    result: FloatArray = middle + 0.62 * (wide - middle) + 1.7 * (density - wide) + 0.8 * fine
    return result
