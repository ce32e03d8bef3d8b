"""Curved reformation: a tube along a curve becomes a straight tube."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.volume.phantoms import AXIAL, frames, grid, noise, ramp, volume
from viewer_py.volume.curve import spline, straightened, tangents
from viewer_py.volume.curved import curved
from viewer_py.volume.model import Projection, Slab, Volume
from viewer_py.volume.reslice import reslice

RADIUS = 3.0
COORDINATES = st.tuples(*[st.floats(-50, 50)] * 3)


def course(share: np.ndarray) -> np.ndarray:
    """Return points of a vessel that bends in all directions, by shares of its course."""
    x = 32 + 14 * np.sin(2.2 * np.pi * share)
    y = 30 + 12 * np.cos(1.6 * np.pi * share)
    return np.stack((x, y, 8 + 48 * share), axis=-1)


@pytest.fixture(scope="module")
def tube() -> Volume:
    """Return a volume of uneven voxels with a bright tube of RADIUS along `course`."""
    centre = course(np.linspace(0, 1, 600))

    def bright(points: np.ndarray) -> np.ndarray:
        flat = points.reshape(-1, 3)
        near = centre[np.abs(centre[:, 2] - flat[0, 2]) < 3 * RADIUS]
        if not len(near):
            return np.zeros(points.shape[:-1])
        away = np.min(np.linalg.norm(flat[:, None] - near, axis=-1), axis=1)
        shade = np.clip(RADIUS + 0.5 - away, 0, 1) * 1000
        return shade.reshape(points.shape[:-1])

    return volume(frames(range(64), 96, 80, (0.65, 0.8)), bright)


CONTROLS = [tuple(point) for point in course(np.linspace(0, 1, 13)).tolist()]


@pytest.mark.requirement("C-33")
@pytest.mark.parametrize("start", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.3, -0.5, 0.2)])
def test_a_curved_tube_becomes_a_straight_one(
    tube: Volume, start: tuple[float, float, float]
) -> None:
    step, rows = 0.5, 41
    curve = straightened(CONTROLS, step, start)
    picture = curved(tube, curve.points, curve.across, step, rows)
    assert picture.values.shape == (rows, len(curve.points))
    inner = picture.values[:, 8:-8]
    assert inner[rows // 2].min() > 990
    width = (inner > 500).sum(axis=0) * step
    np.testing.assert_allclose(width, 2 * RADIUS, atol=1.01)
    middle = (np.arange(rows)[:, None] * inner).sum(axis=0) / inner.sum(axis=0)
    np.testing.assert_allclose(middle, rows // 2, atol=1.0)
    assert inner[: rows // 2 - 9].max() < 300


@pytest.mark.requirement("C-33")
def test_its_length_is_that_of_the_course(tube: Volume) -> None:
    fine = course(np.linspace(0, 1, 20001))
    length = np.linalg.norm(np.diff(fine, axis=0), axis=1).sum()
    assert (len(straightened(CONTROLS, 0.25).points) - 1) * 0.25 == pytest.approx(length, rel=0.01)


def test_a_slab_across_shows_the_whole_tube(tube: Volume) -> None:
    """The mean across a tube as thick as the slab is its chord; the largest is the tube."""
    curve = straightened(CONTROLS, 0.5, (1.0, 0.0, 0.0))
    widest = curved(tube, curve.points, curve.across, 0.5, 41, Slab(8.0, Projection.MIP))
    mean = curved(tube, curve.points, curve.across, 0.5, 41, Slab(13.0, Projection.AVGIP))
    assert widest.values[20, 8:-8].min() > 990
    np.testing.assert_allclose(mean.values[20, 8:-8], 1000 * 6 / 13, rtol=0.25)


def test_a_straight_curve_is_a_plane() -> None:
    volume_ = noise(frames(range(12), 14, 16))
    curve = straightened([(2.0, 7.0, 5.3), (13.0, 7.0, 5.3)], 1.0, (0.0, 1.0, 0.0))
    found = curved(volume_, curve.points, curve.across, 1.0, 9)
    plane = reslice(volume_, grid(AXIAL, (7.5, 7.0, 5.3), 12, 9))
    np.testing.assert_allclose(found.values, plane.values, atol=0.01)
    assert found.valid.all()


def test_outside_the_volume_there_is_nothing() -> None:
    volume_ = noise(frames(range(12), 14, 16))
    curve = straightened([(2.0, 7.0, 5.0), (33.0, 7.0, 5.0)], 1.0, (0.0, 1.0, 0.0))
    found = curved(volume_, curve.points, curve.across, 1.0, 5)
    assert found.valid[:, :14].all()
    assert not found.valid[:, 14:].any()
    assert not found.values[:, 14:].any()


def test_a_ramp_along_a_curve_is_exact() -> None:
    volume_ = volume(frames(range(30), 40, 40, shift=(0, 0.3, 0)), ramp)
    curve = straightened([(8.0, 14, 4), (20.0, 12, 12), (25.0, 20, 20)], 0.7)
    found = curved(volume_, curve.points, curve.across, 0.7, 9)
    offsets = (np.arange(9) - 4)[:, None, None] * 0.7
    points = np.array(curve.points)[None] + offsets * np.array(curve.across)[None]
    np.testing.assert_allclose(found.values, ramp(points), atol=0.01)


def test_a_large_picture_is_like_a_small_one() -> None:
    volume_ = volume(frames(range(30), 40, 40), ramp)
    curve = straightened([(8.0, 14, 4), (20.0, 12, 12), (25.0, 20, 20)], 0.05)
    found = curved(volume_, curve.points, curve.across, 0.02, 101)
    assert found.values.size > 40_000
    offsets = (np.arange(101) - 50)[:, None, None] * 0.02
    points = np.array(curve.points)[None] + offsets * np.array(curve.across)[None]
    np.testing.assert_allclose(found.values, ramp(points), atol=0.02)


@given(st.lists(COORDINATES, min_size=2, max_size=8, unique=True), st.floats(0.2, 5))
@settings(deadline=None)
def test_the_curve_passes_through_its_control_points(
    controls: list[tuple[float, float, float]], step: float
) -> None:
    gaps = np.linalg.norm(np.diff(np.array(controls), axis=0), axis=1)
    if gaps.min() < 0.1:
        return
    points = spline(controls, step)
    assert points[0] == pytest.approx(controls[0])
    distances = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert (distances <= step * (1 + 1e-6)).all()
    for control in controls:
        away = np.linalg.norm(points - np.array(control), axis=1).min()
        assert away <= step


@given(st.lists(COORDINATES, min_size=3, max_size=6, unique=True), COORDINATES)
@settings(deadline=None)
def test_directions_across_stay_across_and_do_not_jump(
    controls: list[tuple[float, float, float]], start: tuple[float, float, float]
) -> None:
    gaps = np.linalg.norm(np.diff(np.array(controls), axis=0), axis=1)
    if gaps.min() < 1.0:
        return
    curve = straightened(controls, 0.5, start)
    across, along = np.array(curve.across), tangents(np.array(curve.points))
    np.testing.assert_allclose(np.linalg.norm(across, axis=1), 1.0, atol=1e-6)
    assert np.abs((across * along).sum(axis=1)).max() < 1e-6
    turned = np.arccos(np.clip((along[1:] * along[:-1]).sum(axis=1), -1, 1))
    moved = np.arccos(np.clip((across[1:] * across[:-1]).sum(axis=1), -1, 1))
    gentle = turned < 0.3
    assert (moved[gentle] <= 1.5 * turned[gentle] + 0.02).all()


def test_on_a_plane_curve_the_direction_across_the_plane_never_turns() -> None:
    angles = np.linspace(0, 1.5 * math.pi, 9)
    circle = [(30 * math.cos(a), 30 * math.sin(a), 4.0) for a in angles]
    curve = straightened(circle, 0.5, (0.0, 0.0, 1.0))
    np.testing.assert_allclose(curve.across, [(0.0, 0.0, 1.0)] * len(curve.across), atol=1e-9)


@pytest.mark.parametrize(
    ("controls", "step"),
    [([], 1.0), ([(0, 0, 0)], 1.0), ([(1, 2, 3)] * 3, 1.0), ([(0, 0, 0), (9, 0, 0)], 0.0)],
)
def test_what_is_no_curve_is_refused(controls: list[tuple[int, int, int]], step: float) -> None:
    with pytest.raises(ValueError, match=r"points|positive"):
        straightened(controls, step)


def test_a_picture_needs_a_direction_for_each_point() -> None:
    volume_ = noise(frames(range(4)))
    with pytest.raises(ValueError, match="direction for each"):
        curved(volume_, ((0, 0, 0), (1, 0, 0)), ((0, 1, 0),), 1.0, 5)
    with pytest.raises(ValueError, match="shorter"):
        straightened([(0, 0, 0), (0.5, 0, 0)], 1.0)
