"""The standard planes, in the radiological convention."""

from __future__ import annotations

import numpy as np
import pytest

from tests.volume.grids import center, plane_grid
from tests.volume.phantoms import AXIAL, frames, rotation, volume
from viewer_py.dicom.geometry import orientation_letters
from viewer_py.volume.planes import Plane, patient_axes, standard_planes
from viewer_py.volume.reslice import reslice
from viewer_py.volume.states import volume_geometry

SAGITTAL = np.array([[0.0, 1, 0], [0, 0, -1]])
CORONAL = np.array([[1.0, 0, 0], [0, 0, -1]])
HEAD_FIRST_PRONE = np.array([[-1.0, 0, 0], [0, -1, 0]])
ACQUIRED = {"axial": AXIAL, "sagittal": SAGITTAL, "coronal": CORONAL, "prone": HEAD_FIRST_PRONE}
# The letters at the left and at the top edge.
EDGES = {Plane.AXIAL: ("R", "A"), Plane.CORONAL: ("R", "H"), Plane.SAGITTAL: ("A", "H")}


@pytest.mark.requirement("B-36", "B-41", "C-20")
@pytest.mark.parametrize("acquired", ACQUIRED)
@pytest.mark.parametrize("plane", Plane)
def test_the_letters_at_the_edges(acquired: str, plane: Plane) -> None:
    axes = standard_planes(volume_geometry(frames(range(9), axes=ACQUIRED[acquired])))[plane]
    left = orientation_letters(tuple(-np.array(axes.right)))
    top = orientation_letters(tuple(-np.array(axes.down)))
    assert (left, top) == EDGES[plane]
    np.testing.assert_allclose(np.cross(axes.right, axes.down), axes.normal, atol=1e-9)


@pytest.mark.requirement("B-36", "C-20")
@pytest.mark.parametrize("acquired", ACQUIRED)
def test_landmarks_are_where_a_radiologist_expects_them(acquired: str) -> None:
    """Bright at the patient's left, behind and at the head, from whatever acquisition."""
    middle = np.array(center(volume_geometry(frames(range(12), axes=ACQUIRED[acquired]))))

    def patient(points: np.ndarray) -> np.ndarray:
        away = points - middle
        values: np.ndarray = 1000 + away @ np.array([100.0, 10.0, 1.0])
        return values

    volume_ = volume(frames(range(12), axes=ACQUIRED[acquired]), patient)
    for plane, axes in standard_planes(volume_.geometry).items():
        values = reslice(volume_, plane_grid(axes, tuple(middle), 7, 7, 1.0)).values
        right, down = {
            Plane.AXIAL: (100, 10),
            Plane.CORONAL: (100, -1),
            Plane.SAGITTAL: (10, -1),
        }[plane]
        assert values[3, 6] - values[3, 0] == pytest.approx(6 * right, abs=0.01)
        assert values[6, 3] - values[0, 3] == pytest.approx(6 * down, abs=0.01)


@pytest.mark.parametrize("angles", [(0, 0, 20), (12, -8, 5), (-30, 10, 0)])
def test_planes_of_an_oblique_volume_are_its_own(angles: tuple[int, int, int]) -> None:
    """The slices themselves are among the standard planes: they are not interpolated."""
    geometry = volume_geometry(frames(range(9), axes=AXIAL @ rotation(*angles).T))
    planes = standard_planes(geometry)
    np.testing.assert_allclose(planes[Plane.AXIAL].normal, geometry.normal, atol=1e-9)
    for (axis, _), letter in zip(enumerate(patient_axes(geometry)), "LPH", strict=True):
        assert orientation_letters(patient_axes(geometry)[axis]).startswith(letter)


def test_planes_of_a_tilted_volume_are_at_right_angles() -> None:
    geometry = volume_geometry(frames(range(9), shift=(0, 0.4, 0)))
    axes = np.array(patient_axes(geometry))
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)


def test_the_middle_of_a_grid_is_where_it_is_put() -> None:
    axes = standard_planes(volume_geometry(frames(range(9))))[Plane.CORONAL]
    grid_ = plane_grid(axes, (10.0, 20.0, 30.0), 5, 4, 0.5)
    middle = np.array(grid_.origin) + 2 * np.array(grid_.step_x) + 1.5 * np.array(grid_.step_y)
    assert middle == pytest.approx((10, 20, 30))
    assert grid_.step_x == pytest.approx((0.5, 0, 0))
