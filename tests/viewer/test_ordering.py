"""The order in which the frames of a series are read."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.viewer.test_geometry import AXIAL, CORONAL, SAGITTAL
from viewer_py.dicom.manifest import FrameAttributes, Vector6
from viewer_py.dicom.ordering import reading_order


def at(
    z: float | None,
    number: int | None = None,
    orientation: Vector6 | None = AXIAL,
    frame_number: int = 1,
) -> FrameAttributes:
    """Return a frame whose position is `z` times all of (1, 1, 1), None: without one."""
    return FrameAttributes(
        "1.2.3",
        frame_number,
        1,
        1,
        instance_number=number,
        image_position_patient=None if z is None else (z, z, z),
        image_orientation_patient=orientation,
    )


def test_the_projection_decides_not_the_number() -> None:
    assert reading_order([at(5, 1), at(-3, 2), at(1, 4), at(9, 3)]) == (1, 2, 0, 3)


def test_the_direction_is_that_of_the_numbers() -> None:
    assert reading_order([at(1, 4), at(3, 2), at(2, 3), at(4, 1)]) == (3, 1, 2, 0)


def test_along_the_normal_when_numbers_do_not_tell() -> None:
    assert reading_order([at(3), at(1), at(2)]) == (1, 2, 0)


def test_the_projection_not_a_coordinate() -> None:
    """Sagittal: the normal points to the right, against x."""
    assert reading_order([at(z, None, SAGITTAL) for z in (1, 2, 3)]) == (2, 1, 0)


@pytest.mark.parametrize("position", [None, math.nan])
def test_instance_number_without_geometry(position: float | None) -> None:
    frames = [at(position, 3), at(position, None), at(position, 1), at(position, 2)]
    assert reading_order(frames) == (2, 3, 0, 1)


def test_frame_number_within_a_multi_frame_object() -> None:
    frames = [at(None, 7, frame_number=number) for number in (3, 1, 2)]
    assert reading_order(frames) == (1, 2, 0)


def test_phases_follow_each_other() -> None:
    """Two passes through three places: a cine of one phase is not shuffled with the other's."""
    frames = [at(z, number) for number, z in enumerate((1, 2, 3, 1, 2, 3), start=1)]
    assert reading_order(frames[::-1]) == (5, 4, 3, 2, 1, 0)
    interleaved = [at(z, number) for number, z in enumerate((1, 1, 2, 2, 3, 3), start=1)]
    assert reading_order(interleaved) == (0, 2, 4, 1, 3, 5)


def test_a_duplicate_stands_beside_its_twin() -> None:
    assert reading_order([at(1, 1), at(2, 2), at(3, 3), at(2, 4)]) == (0, 1, 3, 2)


def test_localisers_form_one_stack_an_orientation() -> None:
    frames = [
        at(z, n, plane)
        for n, (z, plane) in enumerate(
            [(1, CORONAL), (5, AXIAL), (2, CORONAL), (1, SAGITTAL), (6, AXIAL)]
        )
    ]
    assert reading_order(frames) == (0, 2, 1, 4, 3)


def test_frames_without_geometry_do_not_hide_that_of_others() -> None:
    frames = [at(3, 9), at(None, 10), at(1, 7), at(2, 8), at(1, 11, None)]
    assert reading_order(frames) == (2, 3, 0, 1, 4)


def test_nothing_to_order() -> None:
    assert reading_order([]) == ()


numbers = st.none() | st.integers(-3, 8)
orientations = st.sampled_from([None, AXIAL, CORONAL, SAGITTAL])


@given(st.lists(st.builds(at, st.none() | st.floats(-5, 5), numbers, orientations), max_size=12))
def test_every_frame_is_read_once(frames: list[FrameAttributes]) -> None:
    assert sorted(reading_order(frames)) == list(range(len(frames)))


@given(st.lists(st.integers(-500, 500), unique=True, min_size=2), st.randoms())
def test_the_order_given_does_not_matter(positions: list[int], shuffling: random.Random) -> None:
    frames = [at(z / 7, number) for number, z in enumerate(sorted(positions))]
    shuffling.shuffle(frames)
    ordered = [frames[index].image_position_patient for index in reading_order(frames)]
    assert ordered == sorted(ordered, key=lambda position: position or (0, 0, 0))
