"""The manifest says what it was given, in few bytes."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from viewer_py.dicom import manifest
from viewer_py.dicom.manifest import (
    FrameAttributes,
    LookupTable,
    ManifestError,
    PetAttributes,
    RefusedObject,
    SeriesManifest,
    StudyHeading,
    UltrasoundRegion,
)

UID = "1.2.826.0.1.3680043.8.498.97653214068967994673395516690962085080"
REGIONS = tuple(
    UltrasoundRegion(100 * n, 0, 99 + 100 * n, 399, 3, 3, 0.021, 0.021, 1, 1, 2) for n in range(3)
)


def series(frames: list[FrameAttributes], **values: Any) -> SeriesManifest:
    return SeriesManifest("s", UID, "CT", StudyHeading(), tuple(frames), **values)


def slice_(number: int, **values: Any) -> FrameAttributes:
    return FrameAttributes(
        f"{UID[:-6]}{number:06}",
        1,
        512,
        512,
        instance_number=number,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        frame_of_reference_uid=UID,
        image_position_patient=(-249.51171875, -438.0, -1021.25 + 0.625 * number),
        image_orientation_patient=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        pixel_spacing=(0.9765625, 0.9765625),
        slice_location=-1021.25 + 0.625 * number,
        acquired_at=f"20261121083000.{number:06}",
        **values,
    )


def pet_slice(number: int) -> FrameAttributes:
    return slice_(
        number,
        rescale_slope=0.123456 + number / 1e5,
        smallest_value=0,
        largest_value=32767 - number,
        acquisition_datetime=f"2026-11-21T08:30:{number % 60:02}.250000",
        decay_factor=1.01234 + number / 1e4,
        frame_reference_time=60000.0 * number,
    )


MANY = {
    "CT": [slice_(number, tube_current=200.0 + number % 37) for number in range(600)],
    "PET": [pet_slice(number) for number in range(600)],
    "US": [
        dataclasses.replace(
            slice_(1), frame_number=number + 1, ultrasound_regions=REGIONS[: 1 + number // 250]
        )
        for number in range(600)
    ],
}


@pytest.mark.parametrize("kind", MANY)
def test_six_hundred_frames_stay_below_a_hundred_kilobytes(kind: str) -> None:
    described = series(MANY[kind], frame_bytes=tuple(180_000 + n for n in range(600)))
    text = manifest.to_json(described)
    assert manifest.from_json(text) == described
    assert len(text.encode()) < 100_000


def test_everything_comes_back() -> None:
    tables = (LookupTable(-5, 12, (0, 9, 4095), "胸"), LookupTable(0, 16, (1, 2)))
    frames = [
        dataclasses.replace(
            slice_(number),
            voi_luts=tables[: number % 3],
            modality_lut=tables[0] if number % 2 else None,
            window_center=(40.0, 600.0),
            ultrasound_regions=REGIONS[: number % 4],
            pixel_padding_value=-3.4e38,
            floating=True,
        )
        for number in range(9)
    ]
    described = series(
        frames,
        pet=PetAttributes(units="BQML", corrected_image=("DECY", "ATTN"), contradictory=("x",)),
        refused=(RefusedObject(UID, 3, 0, "damaged_pixels", "损坏 / damaged"),),
        overlay_bytes=17,
    )
    assert manifest.from_json(manifest.to_json(described)) == described


@pytest.mark.parametrize(
    "change",
    [
        {"frame_count": 5},
        {"heading": {"nonsense": 1}},
        {"frames": {"rows": {"few": [512], "pick": [7, 7, 7, 7]}}},
        {"frames": {"rows": {"few": [512], "pick": [0, 0, 0]}}},
        {"frames": {"rows": {}}},
        {"frames": {"rows": {"start": "5", "each": [12, 12, 12, 12]}}},
        {"version": 99},
    ],
)
def test_what_does_not_hold_together_is_refused(change: dict[str, Any]) -> None:
    document = json.loads(manifest.to_json(series([slice_(number) for number in range(4)])))
    with pytest.raises(ManifestError):
        manifest.from_json(json.dumps(document | change))
