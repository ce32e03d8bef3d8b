"""What the slices of a series are to each other (anchors: traps 2, 3, 4, 16, 18)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.volume.phantoms import AXIAL, frames, rotation
from viewer_py.volume.model import VolumeState
from viewer_py.volume.stacks import stacks
from viewer_py.volume.states import Reason, volume_geometry

EVEN = [0.0, 2.5, 5.0, 7.5, 10.0]


def oblique() -> np.ndarray:
    return AXIAL @ rotation(20, -35, 50).T


def test_an_even_stack_is_regular() -> None:
    geometry = volume_geometry(frames(EVEN, pixel_spacing=(0.5, 0.75)), "1.2.840")
    assert geometry.state is VolumeState.REGULAR
    assert geometry.reason == ""
    assert geometry.frames == (0, 1, 2, 3, 4)
    assert geometry.positions == pytest.approx(EVEN)
    assert geometry.nominal_distance == pytest.approx(2.5)
    assert geometry.row_step == pytest.approx((0, 0.5, 0))
    assert geometry.column_step == pytest.approx((0.75, 0, 0))
    assert geometry.corners[3] == pytest.approx((0, 0, 7.5))
    assert geometry.frame_of_reference_uid == "1.2.840"
    assert (geometry.rows, geometry.columns) == (12, 10)


def test_the_distance_is_that_along_the_normal_of_an_oblique_stack() -> None:
    geometry = volume_geometry(frames(EVEN, axes=oblique(), origin=(12.0, -40.0, 3.0)))
    assert geometry.state is VolumeState.REGULAR
    assert geometry.nominal_distance == pytest.approx(2.5)
    assert geometry.normal == pytest.approx(np.cross(*oblique()))


@given(st.permutations(range(6)), st.booleans())
@settings(deadline=None)
def test_the_order_given_does_not_matter(order: list[int], falling: bool) -> None:
    places = [0.0, 1.0, 2.0, 4.0, 5.0, 6.0]
    given_frames = frames(places[::-1] if falling else places, axes=oblique())
    straight = volume_geometry(given_frames)
    mixed = volume_geometry([given_frames[index] for index in order])
    assert tuple(order[index] for index in mixed.frames) == straight.frames
    assert mixed.positions == pytest.approx(straight.positions)
    assert replace(mixed, frames=(), positions=(), corners=(), nominal_distance=1) == replace(
        straight, frames=(), positions=(), corners=(), nominal_distance=1
    )


def test_slices_of_a_reversed_series_ascend_along_the_normal() -> None:
    geometry = volume_geometry(frames(EVEN[::-1]))
    assert geometry.frames == (4, 3, 2, 1, 0)
    assert geometry.positions == pytest.approx(EVEN)


def test_rounded_positions_are_even() -> None:
    """0.625 mm, written with two decimals, misses by 0.005 mm."""
    places = [round(0.625 * number, 2) for number in range(40)]
    geometry = volume_geometry(frames(places))
    assert geometry.state is VolumeState.REGULAR
    assert geometry.nominal_distance == pytest.approx(0.625, abs=1e-4)
    assert np.diff(geometry.positions) == pytest.approx(geometry.nominal_distance)


@pytest.mark.parametrize(
    ("miss", "state"), [(0.02, VolumeState.REGULAR), (0.04, VolumeState.IRREGULAR)]
)
def test_the_tolerance_is_one_percent(miss: float, state: VolumeState) -> None:
    assert volume_geometry(frames([0, 2.5, 5.0 + miss, 7.5, 10.0])).state is state


def test_a_drift_of_the_distance_is_seen() -> None:
    """Each distance within 1 % of the next, but the last slice is half a distance away."""
    distances = np.linspace(1.0, 1.05, 20)
    geometry = volume_geometry(frames([0.0, *np.cumsum(distances)]))
    assert geometry.state is VolumeState.IRREGULAR
    assert geometry.positions == pytest.approx([0.0, *np.cumsum(distances)])


@pytest.mark.parametrize("degrees", [-25.0, -3.0, 0.7, 12.5, 30.0])
def test_tilt_is_the_shift_of_the_positions_not_a_tag(degrees: float) -> None:
    shift = (0.0, math.tan(math.radians(degrees)), 0.0)
    geometry = volume_geometry(frames([0, 5, 10, 15], shift=shift))
    assert geometry.state is VolumeState.TILTED
    assert geometry.tilt_degrees == pytest.approx(abs(degrees))
    assert geometry.nominal_distance == pytest.approx(5.0)
    assert geometry.corners[2] == pytest.approx((0, 10 * shift[1], 10))


def test_a_shift_too_small_to_be_named_is_still_taken_into_account() -> None:
    geometry = volume_geometry(frames(range(200), shift=(0.004, 0, 0)))
    assert geometry.state is VolumeState.REGULAR
    assert geometry.tilt_degrees == 0
    assert geometry.corners[199] == pytest.approx((0.796, 0, 199))


def test_missing_slices_are_counted_and_keep_their_place() -> None:
    geometry = volume_geometry(frames([0, 2, 4, 10, 12, 16, 18]))
    assert geometry.state is VolumeState.MISSING_SLICES
    assert geometry.missing_slices == 3
    assert geometry.gaps == (2, 4)
    assert geometry.nominal_distance == pytest.approx(2.0)
    assert geometry.positions == pytest.approx([0, 2, 4, 10, 12, 16, 18])


def test_missing_slices_of_a_tilted_stack() -> None:
    geometry = volume_geometry(frames([0, 2, 4, 8, 10], shift=(0, 0.2, 0)))
    assert geometry.state is VolumeState.MISSING_SLICES
    assert geometry.tilt_degrees == pytest.approx(math.degrees(math.atan(0.2)))


def test_uneven_distances_are_irregular_and_stay_as_stated() -> None:
    places = [0.0, 3.0, 5.0, 9.0, 11.5]
    geometry = volume_geometry(frames(places))
    assert geometry.state is VolumeState.IRREGULAR
    assert geometry.reason == Reason.UNEVEN_DISTANCES
    assert geometry.positions == pytest.approx(places)
    assert geometry.gaps == ()


def test_a_hole_in_an_uneven_stack_is_a_gap() -> None:
    geometry = volume_geometry(frames([0, 3, 5.1, 7.9, 40.0, 42.2, 45.0]))
    assert geometry.state is VolumeState.IRREGULAR
    assert geometry.gaps == (3,)


def test_uneven_offsets_are_irregular() -> None:
    even = list(frames(EVEN))
    x, y, z = even[2].image_position_patient
    even[2] = replace(even[2], image_position_patient=(x + 1.0, y, z))
    geometry = volume_geometry(even)
    assert geometry.state is VolumeState.IRREGULAR
    assert geometry.reason == Reason.UNEVEN_OFFSETS
    assert geometry.corners[2] == pytest.approx((1, 0, 5))


def _one_changed(**attributes: object) -> tuple[object, ...]:
    stack = list(frames(EVEN))
    stack[3] = replace(stack[3], **attributes)
    return tuple(stack)


@pytest.mark.parametrize(
    ("reason", "stack"),
    [
        (Reason.TOO_FEW_SLICES, frames([0.0, 1.0])),
        (Reason.TOO_FEW_SLICES, ()),
        (Reason.COLOR, _one_changed(samples_per_pixel=3)),
        (Reason.NO_POSITION, _one_changed(image_position_patient=None)),
        (Reason.NO_POSITION, _one_changed(image_position_patient=(0.0, math.nan, 1.0))),
        (Reason.NO_POSITION, _one_changed(image_position_patient=(0.0, 2e5, 1.0))),
        (Reason.NO_POSITION, _one_changed(image_orientation_patient=None)),
        (Reason.NO_POSITION, _one_changed(image_orientation_patient=(1, 0, 0, 1, 0, 0))),
        (Reason.NO_SPACING, _one_changed(pixel_spacing=None)),
        (Reason.NO_SPACING, _one_changed(pixel_spacing=(0.0, 1.0))),
        (Reason.MIXED_SPACING, _one_changed(pixel_spacing=(1.0, 1.01))),
        (Reason.MIXED_MATRIX, _one_changed(rows=13)),
        (Reason.MIXED_ORIENTATION, _one_changed(image_orientation_patient=(1, 0, 0, 0, 0, -1))),
        (Reason.MIXED_ORIENTATION, _one_changed(image_orientation_patient=(0, 1, 0, -1, 0, 0))),
        (Reason.MIXED_ORIENTATION, _one_changed(image_orientation_patient=(-1, 0, 0, 0, 1, 0))),
        (Reason.MIXED_FRAME_OF_REFERENCE, _one_changed(frame_of_reference_uid="1.2.9")),
        (Reason.DUPLICATE_POSITIONS, _one_changed(image_position_patient=(0.0, 0.0, 5.0))),
        (Reason.DUPLICATE_POSITIONS, _one_changed(image_position_patient=(9.0, 0.0, 5.0))),
    ],
)
def test_not_a_volume_and_why(reason: Reason, stack: tuple[object, ...]) -> None:
    geometry = volume_geometry(stack)
    assert geometry.state is VolumeState.NOT_A_VOLUME
    assert geometry.reason == reason
    assert geometry.frames == ()


def test_only_the_members_count() -> None:
    stack = frames([0, 0, 1, 1, 2, 2, 3, 3])
    geometry = volume_geometry(stack, members=(7, 3, 5, 1))
    assert geometry.state is VolumeState.REGULAR
    assert geometry.frames == (1, 3, 5, 7)


def test_a_frame_of_reference_made_up_for_each_frame_is_none() -> None:
    """As in LIDC-IDRI; such a volume fits no other."""
    stack = [
        replace(frame, frame_of_reference_uid=f"1.2.{number}")
        for number, frame in enumerate(frames(EVEN))
    ]
    geometry = volume_geometry(stack, "1.2.840")
    assert geometry.state is VolumeState.REGULAR
    assert geometry.frame_of_reference_uid == ""
    assert stacks(stack) == ((0, 1, 2, 3, 4),)


ANY = st.floats() | st.sampled_from([0.0, 1.0, -1.0, 5e-324, 1e308])


@given(
    st.lists(
        st.tuples(
            st.none() | st.tuples(ANY, ANY, ANY),
            st.none() | st.just((1.0, 0.0, 0.0, 0.0, 1.0, 0.0)) | st.tuples(*[ANY] * 6),
            st.none() | st.tuples(ANY, ANY),
        ),
        max_size=6,
    )
)
@settings(deadline=None, max_examples=300)
def test_numbers_that_make_no_sense_are_no_volume_and_no_error(
    stated: list[tuple[object, object, object]],
) -> None:
    stack = [
        replace(
            frame,
            image_position_patient=position,
            image_orientation_patient=orientation,
            pixel_spacing=spacing,
        )
        for frame, (position, orientation, spacing) in zip(
            frames(range(len(stated))), stated, strict=True
        )
    ]
    geometry = volume_geometry(stack)
    if geometry.state is not VolumeState.NOT_A_VOLUME:
        numbers = [*geometry.positions, *np.ravel(geometry.corners), geometry.nominal_distance]
        assert np.isfinite(numbers).all()
        assert (np.diff(geometry.positions) > 0).all()
    for members in stacks(stack):
        volume_geometry(stack, members=members)


@given(st.lists(ANY | st.floats(-1e6, 1e6), min_size=3, max_size=8), st.tuples(ANY, ANY))
@settings(deadline=None, max_examples=300)
def test_places_that_make_no_sense(places: list[float], spacing: tuple[float, float]) -> None:
    stack = [
        replace(frame, image_position_patient=(1.0, 2.0, place), pixel_spacing=spacing)
        for frame, place in zip(frames(range(len(places))), places, strict=True)
    ]
    for geometry in (
        volume_geometry(stack),
        volume_geometry([replace(frame, pixel_spacing=(1.0, 1.0)) for frame in stack]),
    ):
        if geometry.state is not VolumeState.NOT_A_VOLUME:
            assert np.isfinite([*geometry.positions, geometry.nominal_distance]).all()
            assert geometry.nominal_distance > 0
            assert (np.diff(geometry.positions) > 0).all()
