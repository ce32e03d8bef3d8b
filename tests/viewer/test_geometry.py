"""Where an image lies in the patient, and what its pixel spacing is worth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer_py.dicom import geometry
from viewer_py.dicom.manifest import FrameAttributes

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def frame(**attributes: object) -> FrameAttributes:
    return FrameAttributes("1.2.3", 1, 100, 200, **attributes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("orientation", "normal"),
    [(AXIAL, (0, 0, 1)), (CORONAL, (0, 1, 0)), (SAGITTAL, (-1, 0, 0))],
)
def test_slice_normal(orientation: tuple[float, ...], normal: tuple[float, ...]) -> None:
    assert geometry.slice_normal(frame(image_orientation_patient=orientation)) == normal


@pytest.mark.parametrize(
    "orientation",
    [
        None,
        (0.0,) * 6,
        (1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
        (1.0, 0.0, 0.0, 0.5, 0.8, 0.0),
        (2.0, 0.0, 0.0, 0.0, 2.0, 0.0),
        (math.nan, 0.0, 0.0, 0.0, 1.0, 0.0),
    ],
)
def test_an_orientation_that_is_none_gives_no_geometry(
    orientation: tuple[float, ...] | None,
) -> None:
    broken = frame(
        image_orientation_patient=orientation,
        image_position_patient=(0.0, 0.0, 0.0),
        pixel_spacing=(1.0, 1.0),
    )
    assert geometry.slice_normal(broken) is None
    assert geometry.pixel_to_patient(broken) is None
    assert geometry.direction_letters(broken, 1, 0) == ""


def test_an_orientation_of_few_decimals_is_accepted_and_straightened() -> None:
    row, column = geometry.image_axes(
        frame(image_orientation_patient=(0.71, 0.71, 0.0, -0.71, 0.71, 0.0))
    ) or ((0.0,) * 3, (0.0,) * 3)
    assert row == pytest.approx((math.sqrt(0.5), math.sqrt(0.5), 0))
    assert geometry.dot(column, column) == pytest.approx(1)


def test_pixel_to_patient() -> None:
    """Awkward numbers: rows 0.75 mm apart, columns 2.5 mm; the position is a pixel's centre."""
    matrix = geometry.pixel_to_patient(
        frame(
            image_orientation_patient=SAGITTAL,
            image_position_patient=(10.0, -20.0, 30.0),
            pixel_spacing=(0.75, 2.5),
        )
    )
    assert matrix is not None
    assert (matrix @ [0, 0, 0, 1]).tolist() == [10, -20, 30, 1]
    assert (matrix @ [4, 0, 0, 1]).tolist() == [10, -10, 30, 1]
    assert (matrix @ [0, 4, 0, 1]).tolist() == [10, -20, 27, 1]
    assert np.linalg.det(matrix) == pytest.approx(0.75 * 2.5)


@pytest.mark.parametrize("missing", ["image_position_patient", "pixel_spacing"])
def test_no_matrix_without_position_or_spacing(missing: str) -> None:
    whole = {
        "image_orientation_patient": AXIAL,
        "image_position_patient": (0.0, 0.0, 0.0),
        "pixel_spacing": (1.0, 1.0),
    }
    assert geometry.pixel_to_patient(frame(**{**whole, missing: None})) is None


@pytest.mark.requirement("B-08")
@pytest.mark.parametrize(
    ("direction", "letters"),
    [
        ((1, 0, 0), "L"),
        ((-2, 0, 0), "R"),
        ((0, 1, 0), "P"),
        ((0, -1, 0), "A"),
        ((0, 0, 1), "H"),
        ((0, 0, -1), "F"),
        ((0.9, 0.4, 0), "LP"),
        ((-0.4, 0.9, 0), "PR"),
        ((0.5, -0.6, -0.62), "FAL"),
        ((0.999, 0.03, 0), "L"),
        ((0, 0, 0), ""),
    ],
)
def test_orientation_letters(direction: tuple[float, float, float], letters: str) -> None:
    assert geometry.orientation_letters(direction) == letters


OPPOSITE = str.maketrans("LRPAHF", "RLAPFH")


@given(st.tuples(*[st.floats(-1, 1)] * 3))
def test_the_opposite_direction_has_the_opposite_letters(
    direction: tuple[float, float, float],
) -> None:
    one = geometry.orientation_letters(direction)
    other = geometry.orientation_letters((-direction[0], -direction[1], -direction[2]))
    assert other == one.translate(OPPOSITE)


@pytest.mark.requirement("B-08")
@pytest.mark.parametrize(
    ("orientation", "right", "bottom"),
    [(AXIAL, "L", "P"), (CORONAL, "L", "F"), (SAGITTAL, "P", "F")],
)
def test_letters_at_the_edges_of_a_slice(
    orientation: tuple[float, ...], right: str, bottom: str
) -> None:
    slice_ = frame(image_orientation_patient=orientation)
    assert geometry.direction_letters(slice_, 1, 0) == right
    assert geometry.direction_letters(slice_, 0, 1) == bottom
    assert geometry.direction_letters(slice_, -1, 0) == right.translate(OPPOSITE)


@pytest.mark.requirement("B-08")
def test_letters_of_a_radiograph_come_from_patient_orientation() -> None:
    chest = frame(patient_orientation=("L", "F"))
    assert geometry.direction_letters(chest, 1, 0) == "L"
    assert geometry.direction_letters(chest, 0, -1) == "H"
    breast = frame(patient_orientation=("A", "FRP"))
    assert geometry.direction_letters(breast, 0, 1) == "FRP"
    assert geometry.direction_letters(breast, 0, -1) == "HLA"


def test_the_slice_itself_speaks_before_patient_orientation() -> None:
    both = frame(image_orientation_patient=AXIAL, patient_orientation=("R", "F"))
    assert geometry.direction_letters(both, 1, 0) == "L"


@pytest.mark.requirement("B-08")
@pytest.mark.parametrize("stated", [None, ("", ""), ("L", ""), ("CR", "LE"), ("LR", "F")])
def test_no_letters_rather_than_guessed_ones(stated: tuple[str, str] | None) -> None:
    assert geometry.direction_letters(frame(patient_orientation=stated), 1, 0) == ""
