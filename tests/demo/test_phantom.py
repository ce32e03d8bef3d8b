"""The body: right CT numbers at known places, right sizes of what the reports measure."""

from __future__ import annotations

import numpy as np
import pytest

from server.demo.phantom import lesions, tissues
from server.demo.phantom.canvas import FloatArray, square_plane
from server.demo.phantom.frame import Anatomy
from server.demo.phantom.torso import paint_torso

WIDTH, SIZE = 380.0, 256


def slice_at(z: float, contrast: bool = False, anatomy: Anatomy | None = None) -> FloatArray:
    plane = square_plane(SIZE, WIDTH, z, 1.2)
    return paint_torso(plane, tissues.hounsfield(contrast), anatomy or Anatomy())


def around(image: FloatArray, x: float, y: float, radius: int = 2) -> float:
    """Median of the pixels around a place in mm."""
    step = WIDTH / SIZE
    column, row = round(x / step + (SIZE - 1) / 2), round(y / step + (SIZE - 1) / 2)
    part = image[row - radius : row + radius + 1, column - radius : column + radius + 1]
    return float(np.median(part))


@pytest.mark.parametrize(
    ("name", "place", "low", "high"),
    [
        ("air around the body", (-180, -110, 60), -1001, -990),
        ("right lung", (-80, -20, 60), -900, -750),
        ("left lung", (90, -20, 120), -900, -750),
        ("liver", (-70, -10, -50), 50, 66),
        ("spleen", (100, 40, -44), 44, 56),
        ("descending aorta", (26, 36, 60), 35, 50),
        ("windpipe", (-2, 14, 140), -1000, -950),
        ("fat under the skin", (0, -101, -100), -112, -90),
        ("gallbladder", (-46, -42, -104), 0, 18),
        ("cyst of the left kidney", lesions.CYST_CENTER, 0, 15),
    ],
)
def test_tissues_have_their_ct_numbers(
    name: str, place: tuple[float, float, float], low: float, high: float
) -> None:
    x, y, z = place
    assert low <= around(slice_at(z), x, y, radius=1) <= high, name


def test_contrast_fills_the_arteries_and_leaves_the_cyst() -> None:
    assert around(slice_at(60, contrast=True), 26, 36) > 300
    assert around(slice_at(20, contrast=True), 43, -24) > 300
    x, y, z = lesions.CYST_CENTER
    assert around(slice_at(z, contrast=True), x, y) < 15


def test_vertebra_is_hard_outside_and_spongy_inside() -> None:
    image = slice_at(-100.0, contrast=False)
    step = WIDTH / SIZE
    row = round(44 / step + (SIZE - 1) / 2)
    profile = image[row, SIZE // 2 - 16 : SIZE // 2 + 16]
    assert profile.max() > 350
    assert 100 < float(np.median(profile)) < 300


@pytest.mark.parametrize("diameter", [8.0, 14.0])
def test_nodule_measures_what_the_report_says(diameter: float) -> None:
    z = lesions.NODULE_CENTER[2]
    with_it = slice_at(z, anatomy=Anatomy(nodule_diameter=diameter))
    without = slice_at(z, anatomy=Anatomy(nodule_diameter=0))
    grown = (with_it - without) > 400
    area = float(grown.sum()) * (WIDTH / SIZE) ** 2
    # The area of a disc of this diameter, spikes and partial volume let through.
    assert 0.75 < area / (np.pi * diameter**2 / 4) < 1.5


def test_effusion_lies_at_the_back_of_the_right_side_only() -> None:
    with_it = slice_at(-30, anatomy=Anatomy(effusion_depth=9))
    without = slice_at(-30, anatomy=Anatomy(effusion_depth=0))
    rows, columns = np.nonzero(with_it - without > 200)
    assert len(rows) > 20
    assert columns.max() < SIZE / 2
    assert rows.min() > SIZE / 2


def test_air_and_fluid_in_the_stomach_make_a_level() -> None:
    image = slice_at(-72)
    assert around(image, 58, -48) < -900
    assert 5 < around(image, 60, -20) < 25
