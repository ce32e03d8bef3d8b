"""PET over CT: whether they fit, and that one point is one point in both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.volume.phantoms import AXIAL, frames, grid, noise, points_of, rotation, series, volume
from viewer_py.dicom.manifest import PetAttributes
from viewer_py.volume.fusion import (
    FusionHindrance,
    fusion_hindrance,
    value_unit,
    voxel_value,
)
from viewer_py.volume.reslice import reslice
from viewer_py.volume.states import volume_geometry

SPACE = "1.2.840.1"
CT = frames(range(30), 40, 44, (0.8, 0.8), frame_of_reference_uid=SPACE)
PET = frames(
    np.arange(8) * 3.75,
    12,
    12,
    (3.1, 3.1),
    axes=AXIAL @ rotation(0, 0, 9).T,
    origin=(1.3, -2.2, 1.9),
    frame_of_reference_uid=SPACE,
)


def hot_spot(points: np.ndarray) -> np.ndarray:
    away = np.linalg.norm(points - np.array([17.0, 15.0, 14.0]), axis=-1)
    values: np.ndarray = 1000 * np.exp(-((away / 6) ** 2))
    return values


@pytest.mark.requirement("B-46", "C-24", "C-35")
@pytest.mark.parametrize("angles", [(0, 0, 0), (90, 0, 0), (0, 90, 0), (25, -40, 10)])
def test_one_point_is_one_point_in_both(angles: tuple[int, int, int]) -> None:
    """The same spot of activity and density, sampled by two scanners, lies on itself."""
    assert fusion_hindrance(volume_geometry(CT), volume_geometry(PET)) is None
    grid_ = grid(AXIAL @ rotation(*angles).T, (17.0, 15.0, 14.0), 25, 25)
    ct, pet = reslice(volume(CT, hot_spot), grid_), reslice(volume(PET, hot_spot), grid_)
    both = ct.valid & pet.valid
    assert both[8:17, 8:17].all()
    truth = hot_spot(points_of(grid_))
    assert np.abs(ct.values - truth)[both].max() < 40
    assert np.abs(pet.values - truth)[both].max() < 250  # 3.75 mm voxels of a 6 mm spot
    weight = np.where(both, pet.values, 0)
    y, x = (np.sum(one * weight) / weight.sum() for one in np.mgrid[:25, :25])
    assert (x, y) == pytest.approx((12, 12), abs=0.6)


@pytest.mark.requirement("B-46", "C-35")
@pytest.mark.parametrize(
    ("one", "other", "hindrance"),
    [
        (SPACE, SPACE, None),
        (SPACE, "1.2.840.2", FusionHindrance.OTHER_FRAME_OF_REFERENCE),
        (SPACE, "", FusionHindrance.NO_FRAME_OF_REFERENCE),
        ("", "", FusionHindrance.NO_FRAME_OF_REFERENCE),
    ],
)
def test_a_missing_frame_of_reference_is_unlike_every_other(
    one: str, other: str, hindrance: FusionHindrance | None
) -> None:
    first = volume_geometry(frames(range(4), frame_of_reference_uid=one))
    second = volume_geometry(frames(range(4), frame_of_reference_uid=other))
    assert fusion_hindrance(first, second) is hindrance
    assert fusion_hindrance(second, first) is hindrance


def test_what_is_not_a_volume_is_not_fused() -> None:
    flat = volume_geometry(frames([0], frame_of_reference_uid=SPACE))
    assert fusion_hindrance(volume_geometry(CT), flat) is FusionHindrance.NOT_A_VOLUME
    with_none = replace(noise(CT), geometry=flat)
    assert voxel_value(with_none, (0.0, 0.0, 0.0)) is None


@pytest.mark.requirement("C-24")
def test_both_values_are_told() -> None:
    """OHIF#4913: on a fused picture both are wanted."""
    ct = volume(CT, lambda points: np.full(points.shape[:-1], 965), slope=1.0, intercept=-1024.0)
    pet = volume(PET, lambda points: np.full(points.shape[:-1], 4600.0))
    at = (17.0, 15.0, 14.0)
    assert voxel_value(ct, at) == -59.0
    assert voxel_value(pet, at) == 4600.0
    assert voxel_value(pet, (500.0, 0.0, 0.0)) is None


def test_the_voxel_itself_is_told_not_an_interpolated_value() -> None:
    volume_ = noise(frames(range(5), 6, 7), slope=2.0, intercept=-1000)
    for point in ((3.4, 1.6, 2.45), (2.6, 2.4, 1.55), (3.0, 2.0, 2.0)):
        assert voxel_value(volume_, point) == 2.0 * volume_.values[2, 2, 3] - 1000


def test_padding_and_absent_slices_have_no_value() -> None:
    volume_ = noise(frames(range(5)))
    value = float(volume_.values[2, 2, 3])
    padded = replace(volume_, has_padding=True, padding_low=value, padding_high=value)
    assert voxel_value(padded, (3.0, 2.0, 2.0)) is None
    absent = replace(volume_, present=np.array([True, True, False, True, True]))
    assert voxel_value(absent, (3.0, 2.0, 2.0)) is None
    assert voxel_value(absent, (3.0, 2.0, 3.0)) is not None
    assert voxel_value(volume_, (3.0, 2.0, 5.1)) is None


@pytest.mark.parametrize(
    ("modality", "rescale_type", "unit"),
    [("CT", "HU", "HU"), ("CT", "", "HU"), ("CT", "US", ""), ("MR", "", "")],
)
def test_hounsfield_units_are_those_of_ct(modality: str, rescale_type: str, unit: str) -> None:
    assert value_unit(series(frames(range(3), rescale_type=rescale_type), modality)) == unit


def test_pet_without_suv_shows_its_own_units() -> None:
    manifest = replace(series(frames(range(3)), "PT"), pet=PetAttributes(units="CNTS"))
    assert value_unit(manifest) == "CNTS"
