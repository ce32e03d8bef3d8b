"""Series that hold several volumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.volume.phantoms import frames
from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.volume.model import VolumeState
from viewer_py.volume.stacks import stack_of, stacks
from viewer_py.volume.states import Reason, volume_geometry

CORONAL = np.array([[1.0, 0, 0], [0, 0, -1.0]])


def numbered(frames_: Sequence[FrameAttributes]) -> list[FrameAttributes]:
    return [replace(one, instance_number=place) for place, one in enumerate(frames_, 1)]


def test_one_stack_is_one() -> None:
    assert stacks(frames([4.0, 0.0, 2.0])) == ((1, 2, 0),)
    assert stacks(()) == ()


def test_a_localiser_beside_slices() -> None:
    mixed = [*frames([0], axes=CORONAL), *frames([0, 1, 2])]
    assert stacks(mixed) == ((0,), (1, 2, 3))
    assert volume_geometry(mixed).reason == Reason.MIXED_ORIENTATION
    assert volume_geometry(mixed, members=stack_of(mixed, 2)).frames == (1, 2, 3)


def test_phases_one_after_the_other() -> None:
    series = numbered(frames([0, 1, 2, 0, 1, 2]))
    assert volume_geometry(series).reason == Reason.DUPLICATE_POSITIONS
    assert stacks(series) == ((0, 1, 2), (3, 4, 5))
    assert volume_geometry(series, members=stack_of(series, 4)).state is VolumeState.REGULAR


def test_phases_place_by_place() -> None:
    assert stacks(numbered(frames([0, 0, 1, 1, 2, 2]))) == ((0, 2, 4), (1, 3, 5))


def test_a_phase_that_lacks_a_slice_takes_none_of_the_next() -> None:
    series = numbered(frames([0, 1, 2, 3, 5, 0, 1, 2, 3, 4, 5]))
    assert stacks(series) == ((0, 1, 2, 3, 4), (5, 6, 7, 8, 9, 10))


def test_a_slice_that_came_twice_stands_apart() -> None:
    series = numbered(frames([0, 1, 1, 2, 3]))
    assert stacks(series) == ((0, 1, 3, 4), (2,))


def test_echoes_are_told_apart_by_their_time() -> None:
    """Numbered one way on the way up, the other way on the way down."""
    places, echoes = [0, 0, 1, 1, 2, 2], [10.0, 20.0, 20.0, 10.0, 10.0, 20.0]
    series = [
        replace(one, echo_time=echo)
        for one, echo in zip(numbered(frames(places)), echoes, strict=True)
    ]
    assert stacks(series) == ((0, 3, 4), (1, 2, 5))


def test_what_has_no_place_or_colour_is_in_no_stack() -> None:
    series = list(frames([0, 1, 2, 3]))
    series[1] = replace(series[1], image_position_patient=None)
    series[2] = replace(series[2], samples_per_pixel=3)
    assert stacks(series) == ((0, 3),)
    assert stack_of(series, 1) == ()


def test_other_matrices_spacings_and_spaces_are_other_stacks() -> None:
    series = list(frames([0, 1, 2, 3]))
    series[1] = replace(series[1], rows=7)
    series[2] = replace(series[2], pixel_spacing=(2.0, 2.0))
    series[3] = replace(series[3], frame_of_reference_uid="1.2.7")
    assert stacks(series) == ((0,), (1,), (2,), (3,))
    two = frames([0, 1, 2], frame_of_reference_uid="1.2.7")
    assert stacks([*frames([3, 4, 5]), *two]) == ((0, 1, 2), (3, 4, 5))


@given(st.lists(st.integers(0, 6), max_size=20), st.randoms())
@settings(deadline=None)
def test_no_frame_is_lost_and_no_place_comes_twice(places: list[int], random: object) -> None:
    series = numbered(frames(places))
    random.shuffle(series)  # type: ignore[attr-defined]
    found = stacks(series)
    assert sorted(index for stack in found for index in stack) == list(range(len(series)))
    for stack in found:
        where = [series[index].image_position_patient for index in stack]
        assert where == sorted(set(where))
