"""From points in the patient to voxels and back, in every state of geometry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.volume.phantoms import AXIAL, frames, pixel_points, rotation
from viewer_py.volume.assemble import to_index, to_patient
from viewer_py.volume.model import VolumeGeometry, VolumeState
from viewer_py.volume.states import volume_geometry

OBLIQUE = AXIAL @ rotation(20, -35, 50).T
STACKS = {
    "regular": frames([0, 2, 4, 6], axes=OBLIQUE, pixel_spacing=(0.5, 0.75)),
    "reversed": frames([6, 4, 2, 0], axes=OBLIQUE, pixel_spacing=(0.5, 0.75)),
    "tilted": frames([0, 2, 4, 6], shift=(0.0, 0.4, 0.0), pixel_spacing=(0.5, 0.75)),
    "missing": frames([0, 2, 8, 10, 12], axes=OBLIQUE),
    "irregular": frames([0, 2, 5, 6, 10], axes=OBLIQUE, shift=(0.1, 0.3, 0)),
}


@pytest.mark.parametrize("name", STACKS)
def test_every_pixel_centre_is_its_own_index(name: str) -> None:
    """The half pixel (trap 15): Image Position (Patient) is the centre of the first pixel."""
    stack = STACKS[name]
    geometry = volume_geometry(stack)
    for place, index in enumerate(geometry.frames):
        found = to_index(geometry, pixel_points(stack[index]))
        assert found[..., 0] == pytest.approx(place, abs=1e-6)
        assert found[..., 1] == pytest.approx(np.arange(12)[:, None] + np.zeros(10), abs=1e-6)
        assert found[..., 2] == pytest.approx(np.zeros((12, 1)) + np.arange(10), abs=1e-6)


@given(
    st.sampled_from(sorted(set(STACKS) - {"missing"})),
    st.floats(0, 3),
    st.floats(-0.49, 11.49),
    st.floats(-0.49, 9.49),
)
@settings(deadline=None)
def test_there_and_back(name: str, s: float, j: float, i: float) -> None:
    geometry = volume_geometry(STACKS[name])
    at = np.array([s, j, i])
    assert to_index(geometry, to_patient(geometry, at)) == pytest.approx(at, abs=1e-6)


def _slice_at(geometry: VolumeGeometry, mm: float) -> float:
    """Return the slice coordinate of the middle of the picture, `mm` along the normal."""
    point = to_patient(geometry, np.array([0, 5, 5])) + mm * np.array(geometry.normal)
    return float(to_index(geometry, point)[0])


@pytest.mark.parametrize(
    ("mm", "s"),
    [
        (-1.01, None),
        (-0.99, 0),
        (0, 0),
        (2, 1),
        (2.99, 1),
        (3.01, None),
        (6.99, None),
        (7.01, 2),
        (8.5, 2.25),
        (12.99, 4),
        (13.01, None),
    ],
)
def test_no_slice_is_invented_over_a_gap_or_beyond_the_ends(mm: float, s: float | None) -> None:
    geometry = volume_geometry(STACKS["missing"])
    assert geometry.state is VolumeState.MISSING_SLICES
    found = _slice_at(geometry, mm)
    assert np.isnan(found) if s is None else found == pytest.approx(s)


def test_between_uneven_slices_the_share_is_that_of_the_distance() -> None:
    geometry = volume_geometry(frames([0, 2, 5, 6, 10]))
    assert _slice_at(geometry, 3.5) == pytest.approx(1.5)
    assert _slice_at(geometry, 7.0) == pytest.approx(3.25)


@pytest.mark.parametrize(
    ("j", "i", "inside"),
    [
        (-0.49, 5, True),
        (-0.51, 5, False),
        (11.49, 5, True),
        (11.51, 5, False),
        (5, -0.49, True),
        (5, -0.51, False),
        (5, 9.49, True),
        (5, 9.51, False),
    ],
)
def test_a_pixel_reaches_half_beyond_its_centre(j: float, i: float, inside: bool) -> None:
    geometry = volume_geometry(STACKS["regular"])
    found = to_index(geometry, to_patient(geometry, np.array([1.0, j, i])))
    assert np.isnan(found).any() != inside


def test_a_tilted_volume_is_followed_along_its_shift() -> None:
    """A tilted head: the point of a landmark on each slice has the same row and column."""
    stack = STACKS["tilted"]
    geometry = volume_geometry(stack)
    between = (pixel_points(stack[1])[4, 7] + pixel_points(stack[2])[4, 7]) / 2
    assert to_index(geometry, between) == pytest.approx((1.5, 4, 7))


def test_what_is_not_a_volume_has_no_index() -> None:
    geometry = volume_geometry(frames([0, 1]))
    with pytest.raises(ValueError, match="not a volume"):
        to_index(geometry, np.zeros(3))
    with pytest.raises(ValueError, match="not a volume"):
        to_patient(geometry, np.zeros(3))
