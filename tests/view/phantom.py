"""A small body to look at in the browser: a CT, its PET, and a tilted head."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.view.volume_samples import volume_series
from viewer_py.dicom.manifest import PetAttributes, SeriesManifest

Pixels = NDArray[Any]

SIZE, SLICES = 128, 64
SPACING, DISTANCE = 2.5, 4.0
PET_SIZE, PET_SLICES, PET_SPACING = 64, 64, 5.0
HOT = (30.0, -20.0, -120.0)  # LPS mm; the middle of what is hot, and dense


def _points(size: int, slices: int, spacing: float) -> tuple[Pixels, Pixels, Pixels]:
    k, j, i = np.mgrid[0:slices, 0:size, 0:size].astype(np.float32)
    half = (size - 1) / 2
    return (i - half) * spacing, (j - half) * spacing, -k * DISTANCE


def _sphere(points: tuple[Pixels, Pixels, Pixels], radius: float) -> Pixels:
    return sum((one - at) ** 2 for one, at in zip(points, HOT, strict=True)) < radius**2


def _series(name: str, size: int, slices: int, spacing: float, **more: object) -> SeriesManifest:
    half = (size - 1) / 2 * spacing
    series = volume_series(name, slices=slices, rows=size, columns=size, **more)  # type: ignore[arg-type]
    frames = tuple(
        replace(
            frame,
            pixel_spacing=(spacing, spacing),
            image_position_patient=(-half, -half, -k * DISTANCE),
        )
        for k, frame in enumerate(series.frames)
    )
    return replace(series, frames=frames, series_description=name)


def body() -> tuple[SeriesManifest, Pixels]:
    """Return a CT of 64 slices: trunk, lungs, spine, ribs, a dense ball at HOT."""
    x, y, z = points = _points(SIZE, SLICES, SPACING)
    values = np.full(x.shape, -1000, dtype=np.int16)
    values[(x / 145) ** 2 + (y / 100) ** 2 < 1] = 30
    values[(x / 135) ** 2 + (y / 90) ** 2 < 1] = 60
    for side in (-1, 1):
        lung = ((x - side * 68) / 48) ** 2 + (y / 62) ** 2 + ((z + 110) / 95) ** 2 < 1
        values[lung] = -820
    ribs = np.abs((x / 138) ** 2 + (y / 94) ** 2 - 1) < 0.06
    values[ribs & (np.sin(z / 8) > 0.3)] = 500
    values[(x / 16) ** 2 + ((y - 62) / 18) ** 2 < 1] = 700
    values[(x - 8) ** 2 + (y - 40) ** 2 < 11**2] = 260
    values[_sphere(points, 22)] = 160
    series = _series("body", SIZE, SLICES, SPACING)
    return replace(series, series_description="胸部 CT"), values


def uptake() -> tuple[SeriesManifest, Pixels]:
    """Return the PET of the same body in the same frame of reference; HOT has SUV 8."""
    x, y, _ = points = _points(PET_SIZE, PET_SLICES, PET_SPACING)
    values = np.where((x / 145) ** 2 + (y / 100) ** 2 < 1, 3000, 0).astype(np.uint16)
    values[_sphere(points, 22)] = 40000
    pet = PetAttributes(
        units="BQML",
        corrected_image=("ATTN", "DECY"),
        decay_correction="START",
        patient_weight=70.0,
        radionuclide_total_dose=3.5e8,
        radionuclide_half_life=6586.2,
        radiopharmaceutical_start="2026-03-09T13:05:12",
        series_datetime="2026-03-09T14:05:12",
    )
    series = _series(
        "uptake", PET_SIZE, PET_SLICES, PET_SPACING,
        modality="PT", signed=False, smallest_value=0, largest_value=40000,
        window_center=(10000.0,), window_width=(20000.0,),
    )  # fmt: skip
    return replace(series, series_description="PET", pet=pet), values


def tilted() -> tuple[SeriesManifest, Pixels]:
    """Return a head of 54 slices with the gantry tilted by 15 degrees: an upright bar stays so."""
    series = volume_series("tilted", slices=54, tilt=15.0, rows=96, columns=96)
    values = np.full((54, 96, 96), -1000, dtype=np.int16)
    corners = np.array([frame.image_position_patient for frame in series.frames])
    j, i = np.mgrid[0:96, 0:96]
    for k, corner in enumerate(corners):
        x, y = corner[0] + i * 1.5 - 41, corner[1] + j * 0.75 - 8
        values[k][(x / 60) ** 2 + (y / 30) ** 2 < 1] = 40
        values[k][(np.abs(x) < 6) & (np.abs(y) < 6)] = 900
    return replace(series, series_description="头颅 斜层"), values
