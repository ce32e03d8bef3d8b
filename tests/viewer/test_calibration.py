"""What the size of a pixel is worth, state by state."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import Dataset, Sequence
from pydicom.uid import generate_uid

from server.imaging.describe import frame_attributes
from tests.imaging.conftest import ct_slice, phantom
from viewer_py.dicom import calibration, geometry
from viewer_py.dicom.calibration import (
    CALIBRATION_LABELS,
    CalibrationState,
    Spacing,
    spacing,
    spacing_at,
    spacing_between,
)
from viewer_py.dicom.manifest import FrameAttributes, UltrasoundRegion

DX = "1.2.840.10008.5.1.4.1.1.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
NEAR, FAR = (0.08, 0.08), (0.1, 0.1)


def frame(**attributes: object) -> FrameAttributes:
    return FrameAttributes("1.2.3", 1, 100, 200, **attributes)  # type: ignore[arg-type]


def radiograph(**attributes: object) -> FrameAttributes:
    return frame(sop_class_uid=DX, **attributes)


CASES: dict[str, tuple[FrameAttributes, Spacing]] = {
    "a slice": (
        frame(sop_class_uid=CT, pixel_spacing=(0.5, 0.7)),
        Spacing(0.5, 0.7, CalibrationState.CALIBRATED),
    ),
    "no class": (frame(pixel_spacing=(0.5, 0.7)), Spacing(0.5, 0.7, CalibrationState.CALIBRATED)),
    "measured by a fiducial": (
        radiograph(
            pixel_spacing=NEAR, imager_pixel_spacing=FAR, pixel_spacing_calibration_type="FIDUCIAL"
        ),
        Spacing(*NEAR, CalibrationState.FIDUCIAL),
    ),
    "estimated, both stated": (
        radiograph(
            pixel_spacing=NEAR,
            imager_pixel_spacing=FAR,
            pixel_spacing_calibration_type="GEOMETRY",
            estimated_radiographic_magnification_factor=1.25,
        ),
        Spacing(*NEAR, CalibrationState.ERMF),
    ),
    "estimated, the factor left out": (
        radiograph(
            pixel_spacing=NEAR, imager_pixel_spacing=FAR, pixel_spacing_calibration_type="GEOMETRY"
        ),
        Spacing(*NEAR, CalibrationState.ERMF),
    ),
    "detector over the stated factor": (
        radiograph(imager_pixel_spacing=FAR, estimated_radiographic_magnification_factor=1.25),
        Spacing(0.08, 0.08, CalibrationState.ERMF),
    ),
    "detector over the distances": (
        radiograph(
            imager_pixel_spacing=FAR,
            distance_source_to_detector=1000.0,
            distance_source_to_patient=800.0,
        ),
        Spacing(0.08, 0.08, CalibrationState.ERMF),
    ),
    "both the same, over the factor": (
        radiograph(
            pixel_spacing=FAR,
            imager_pixel_spacing=FAR,
            estimated_radiographic_magnification_factor=1.25,
        ),
        Spacing(0.08, 0.08, CalibrationState.ERMF),
    ),
    "corrected somehow": (
        radiograph(pixel_spacing=NEAR, imager_pixel_spacing=FAR),
        Spacing(*NEAR, CalibrationState.CORRECTED),
    ),
    "a plane nobody names": (
        radiograph(pixel_spacing=FAR),
        Spacing(*FAR, CalibrationState.PROJECTION),
    ),
    "at the detector": (
        radiograph(imager_pixel_spacing=FAR),
        Spacing(*FAR, CalibrationState.DETECTOR),
    ),
    "both the same: at the detector": (
        radiograph(pixel_spacing=FAR, imager_pixel_spacing=FAR),
        Spacing(*FAR, CalibrationState.DETECTOR),
    ),
    "a captured radiograph": (
        frame(imager_pixel_spacing=FAR),
        Spacing(*FAR, CalibrationState.DETECTOR),
    ),
    "a film": (
        frame(nominal_scanned_pixel_spacing=FAR),
        Spacing(*FAR, CalibrationState.SCANNED),
    ),
    "a factor below one": (
        radiograph(imager_pixel_spacing=FAR, estimated_radiographic_magnification_factor=0.8),
        Spacing(1.0, 1.0, CalibrationState.ERROR),
    ),
    "a source behind the detector": (
        radiograph(
            imager_pixel_spacing=FAR,
            distance_source_to_detector=800.0,
            distance_source_to_patient=1000.0,
        ),
        Spacing(1.0, 1.0, CalibrationState.ERROR),
    ),
    "larger in the patient than at the detector": (
        radiograph(pixel_spacing=FAR, imager_pixel_spacing=NEAR),
        Spacing(1.0, 1.0, CalibrationState.ERROR),
    ),
    "a factor that does not lead from one to the other": (
        radiograph(
            pixel_spacing=FAR,
            imager_pixel_spacing=FAR,
            pixel_spacing_calibration_type="GEOMETRY",
            estimated_radiographic_magnification_factor=1.25,
        ),
        Spacing(1.0, 1.0, CalibrationState.ERROR),
    ),
    "a shape only": (
        frame(pixel_aspect_ratio=(3, 2)),
        Spacing(1.5, 1.0, CalibrationState.ASPECT_ONLY),
    ),
    "no shape": (
        frame(pixel_aspect_ratio=(0, 2)),
        Spacing(1.0, 1.0, CalibrationState.UNKNOWN),
    ),
    "zero": (frame(pixel_spacing=(0.0, 0.5)), Spacing(1.0, 1.0, CalibrationState.UNKNOWN)),
    "no number": (
        frame(pixel_spacing=(math.nan, 1.0)),
        Spacing(1.0, 1.0, CalibrationState.UNKNOWN),
    ),
    "nothing": (frame(), Spacing(1.0, 1.0, CalibrationState.UNKNOWN)),
}


@pytest.mark.requirement("B-50")
@pytest.mark.parametrize("case", CASES)
def test_spacing_and_what_it_is_worth(case: str) -> None:
    stated, expected = CASES[case]
    found = spacing(stated)
    assert found.state is expected.state
    assert (found.between_rows, found.between_columns) == pytest.approx(
        (expected.between_rows, expected.between_columns)
    )
    assert found.in_mm == (found.state not in ("ASPECT_ONLY", "UNKNOWN", "ERROR"))
    assert spacing_at(stated, 3.0, 4.0) == found


def test_only_projections_take_the_radiographic_path() -> None:
    factor = frame(
        sop_class_uid=CT, pixel_spacing=FAR, estimated_radiographic_magnification_factor=1.25
    )
    assert spacing(factor) == Spacing(*FAR, CalibrationState.CALIBRATED)


def test_every_state_but_the_plain_one_says_what_it_is_in_both_languages() -> None:
    assert set(CALIBRATION_LABELS) == set(CalibrationState)
    for state, label in CALIBRATION_LABELS.items():
        plain = state is CalibrationState.CALIBRATED
        assert bool(label.chinese) == bool(label.english) == (not plain)
    assert geometry.spacing(CASES["at the detector"][0]).label.english.startswith("at detector")


def region(x0: int, x1: int, **changes: object) -> UltrasoundRegion:
    tissue = UltrasoundRegion(x0, 0, x1, 49, 3, 3, 0.02, 0.03, spatial_format=1, data_type=1)
    return replace(tissue, **changes)  # type: ignore[arg-type]


IN_TISSUE = Spacing(0.3, 0.2, CalibrationState.REGION)
DOPPLER = region(100, 199, physical_units_x=4, physical_units_y=7, spatial_format=3)


def test_ultrasound_is_measured_inside_one_region() -> None:
    scan = frame(ultrasound_regions=(region(0, 99), DOPPLER))
    assert spacing_at(scan, 0.5, 0.5) == IN_TISSUE
    assert spacing_at(scan, 99.5, 49.5) == IN_TISSUE
    assert spacing_between(scan, ((10.5, 10.5), (90.5, 10.5))) == IN_TISSUE
    unknown = Spacing(1.0, 1.0, CalibrationState.UNKNOWN)
    assert spacing_at(scan, 150.5, 10.5) == unknown  # seconds by velocity are no lengths
    assert spacing_at(scan, 10.5, 60.5) == unknown  # below both
    assert spacing_between(scan, ((10.5, 10.5), (150.5, 10.5))) == unknown
    assert spacing_between(scan, ()) == unknown


def test_two_regions_of_the_same_scale_are_still_two_regions() -> None:
    twice = frame(ultrasound_regions=(region(0, 99), region(100, 199)))
    across = ((50.5, 10.5), (150.5, 10.5))
    assert spacing_between(twice, across).state is CalibrationState.UNKNOWN
    assert spacing(twice) == IN_TISSUE


def test_an_ultrasound_image_of_two_scales_has_no_scale_as_a_whole() -> None:
    twice = frame(ultrasound_regions=(region(0, 99), region(100, 199, physical_delta_x=0.05)))
    assert spacing(twice).state is CalibrationState.UNKNOWN
    assert spacing_at(twice, 150.5, 0.5) == Spacing(0.3, 0.5, CalibrationState.REGION)


def test_of_overlapping_regions_the_one_of_high_priority_counts() -> None:
    below = region(0, 199, physical_delta_x=0.5, flags=calibration.LOW_PRIORITY)
    assert spacing_at(frame(ultrasound_regions=(below, region(0, 99))), 5.5, 5.5) == IN_TISSUE


def test_deltas_of_negative_direction_are_lengths_too() -> None:
    upward = frame(ultrasound_regions=(region(0, 99, physical_delta_y=-0.03),))
    assert spacing_at(upward, 5.5, 5.5) == IN_TISSUE


def _item(**elements: object) -> Dataset:
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item


def described(**elements: object) -> FrameAttributes:
    dataset = ct_slice(phantom(1), 1, generate_uid(), **elements)
    del dataset.PixelSpacing
    return next(frame_attributes(dataset))


def test_the_regions_of_an_object_are_read() -> None:
    whole = _item(
        RegionLocationMinX0=10,
        RegionLocationMinY0=20,
        RegionLocationMaxX1=69,
        RegionLocationMaxY1=79,
        PhysicalUnitsXDirection=3,
        PhysicalUnitsYDirection=3,
        PhysicalDeltaX=0.05,
        PhysicalDeltaY=0.04,
        RegionSpatialFormat=1,
        RegionDataType=1,
        RegionFlags=0,
    )
    cut = _item(RegionLocationMinX0=10)
    scan = described(SequenceOfUltrasoundRegions=Sequence([whole, cut]))
    assert len(scan.ultrasound_regions) == 1
    assert spacing_at(scan, 30.0, 30.0) == Spacing(0.4, 0.5, CalibrationState.REGION)


def test_the_words_of_a_radiograph_are_read() -> None:
    shot = described(
        SOPClassUID=DX,
        ImagerPixelSpacing=[0.1, 0.1],
        DistanceSourceToDetector=1800,
        DistanceSourceToPatient=1500,
    )
    assert spacing(shot).state is CalibrationState.ERMF
    assert spacing(shot).between_rows == pytest.approx(0.1 / 1.2)


def test_enhanced_angiography_keeps_them_in_functional_groups() -> None:
    shared = _item(
        FramePixelDataPropertiesSequence=Sequence([_item(ImagerPixelSpacing=[0.2, 0.2])]),
        XRayGeometrySequence=Sequence(
            [_item(DistanceSourceToDetector=1200, DistanceSourceToIsocenter=800)]
        ),
    )
    run = described(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.12.1.1",
        SharedFunctionalGroupsSequence=Sequence([shared]),
    )
    assert run.imager_pixel_spacing == (0.2, 0.2)
    assert spacing(run).between_rows == pytest.approx(0.2 / 1.5)


def test_the_document_names_every_state_and_its_label() -> None:
    document = (Path(__file__).parents[2] / "docs" / "pixels.md").read_text(encoding="utf-8")
    for state, label in CALIBRATION_LABELS.items():
        assert state in document
        assert not label.chinese or f"{label.chinese} / {label.english}" in document
