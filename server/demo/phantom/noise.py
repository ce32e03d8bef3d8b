"""Noise as a CT makes it: grainy, correlated over a few pixels, another in every slice."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from server.demo.phantom.canvas import FloatArray

_SHEETS = 3


@lru_cache(maxsize=8)
def _bank(size: int, softness: float) -> FloatArray:
    """Return sheets (n, size, size) of unit noise; filtered back-projection lets f·exp(−f²) by."""
    random = np.random.default_rng(size)
    along = np.fft.fftfreq(size)[:, None]
    across = np.fft.rfftfreq(size)[None, :]
    frequency = np.hypot(along, across)
    passed = (frequency + 0.02) * np.exp(-((frequency / softness) ** 2))
    sheets = []
    for _ in range(_SHEETS):
        white = random.standard_normal((size, size))
        grain = np.fft.irfft2(np.fft.rfft2(white) * passed, s=(size, size))
        sheets.append((grain / grain.std()).astype(np.float32))
    return np.stack(sheets)


def grain(size: int, softness: float, seed: int) -> FloatArray:
    """Return unit noise (size, size); `softness` is the cut-off in cycles per pixel."""
    sheet = _bank(size, softness)[seed % _SHEETS]
    if seed & 64:
        sheet = sheet.T
    shift = ((seed >> 8) % size, (seed >> 20) % size)
    return np.roll(sheet, shift, axis=(0, 1))
