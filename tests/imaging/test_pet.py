"""What a PET object says of dose, decay and time."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from pydicom import Dataset, Sequence
from pydicom.uid import generate_uid

from server.imaging.describe import frame_attributes
from server.imaging.pet import agreed, pet_attributes
from tests.imaging.conftest import ct_slice, phantom
from viewer_py.dicom import manifest
from viewer_py.dicom.manifest import (
    FrameAttributes,
    ManifestError,
    PetAttributes,
    SeriesManifest,
    StudyHeading,
)


def _pet(drug: dict[str, Any] | None = None, **elements: Any) -> Dataset:
    item = Dataset()
    for keyword, value in {
        "RadionuclideTotalDose": "350000000",
        "RadionuclideHalfLife": "6586.2",
        "RadiopharmaceuticalStartTime": "083000.50",
        **(drug or {}),
    }.items():
        setattr(item, keyword, value)
    stated = {
        "Modality": "PT",
        "Units": "BQML",
        "CorrectedImage": ["DECY", "ATTN"],
        "DecayCorrection": "START",
        "DecayFactor": "1.25",
        "PatientWeight": "71.5",
        "PatientSize": "1.8",
        "PatientSex": "F",
        "SeriesDate": "20261121",
        "SeriesTime": "093000",
        "AcquisitionDate": "20261121",
        "AcquisitionTime": "093012.250000",
        "RadiopharmaceuticalInformationSequence": Sequence([item]),
    }
    return ct_slice(phantom(1), 1, generate_uid(), **(stated | elements))


def _read(dataset: Dataset) -> PetAttributes:
    found = pet_attributes(dataset)
    assert found is not None
    return found


@pytest.mark.requirement("B-50")
def test_every_attribute_is_read() -> None:
    pet = _read(_pet())
    assert (pet.units, pet.corrected_image, pet.decay_correction) == (
        "BQML",
        ("DECY", "ATTN"),
        "START",
    )
    assert (pet.radionuclide_total_dose, pet.radionuclide_half_life) == (350e6, 6586.2)
    assert pet.radiopharmaceutical_start == "2026-11-21T08:30:00.500000"
    assert pet.series_datetime == "2026-11-21T09:30:00"
    assert (pet.patient_weight, pet.patient_size, pet.patient_sex) == (71.5, 1.8, "F")
    (frame,) = frame_attributes(_pet())
    assert frame.acquisition_datetime == "2026-11-21T09:30:12.250000"
    assert frame.decay_factor == 1.25


def test_an_injection_before_midnight_lies_on_the_day_before() -> None:
    pet = _read(_pet({"RadiopharmaceuticalStartTime": "235000"}, AcquisitionTime="004000"))
    assert pet.radiopharmaceutical_start == "2026-11-20T23:50:00"


def test_a_stated_start_with_an_offset_is_brought_to_the_time_of_the_object() -> None:
    drug = {"RadiopharmaceuticalStartDateTime": "20261121003000.0+0000"}
    pet = _read(_pet(drug, TimezoneOffsetFromUTC="+0800"))
    assert pet.radiopharmaceutical_start == "2026-11-21T08:30:00"


@pytest.mark.filterwarnings("ignore:Invalid value")
@pytest.mark.parametrize("time", ["", "nonsense", "256100"])
def test_a_start_that_is_no_time_is_none(time: str) -> None:
    assert _read(_pet({"RadiopharmaceuticalStartTime": time})).radiopharmaceutical_start == ""


def test_the_makers_private_words_are_read() -> None:
    dataset = _pet()
    ge = dataset.private_block(0x0009, "GEMS_PETD_01", create=True)
    ge.add_new(0x0D, "UN", b"20261121092900.00 ")
    philips = dataset.private_block(0x7053, "Philips PET Private Group", create=True)
    philips.add_new(0x00, "DS", "0.000551")
    philips.add_new(0x09, "UN", b"1.5 ")
    pet = _read(dataset)
    assert pet.ge_scan_datetime == "2026-11-21T09:29:00"
    assert (pet.philips_suv_factor, pet.philips_activity_factor) == (0.000551, 1.5)


def test_a_private_element_of_somebody_else_is_not_taken_for_it() -> None:
    dataset = _pet()
    dataset.private_block(0x7053, "SOMEBODY", create=True).add_new(0x00, "DS", "7")
    assert _read(dataset).philips_suv_factor is None


def test_what_the_objects_contradict_each_other_in_is_none_and_named() -> None:
    pet = _read(_pet())
    other = dataclasses.replace(pet, patient_weight=80.0)
    merged = agreed([pet, other, pet])
    assert merged is not None
    assert (merged.patient_weight, merged.contradictory) == (None, ("patient_weight",))
    assert merged.radionuclide_total_dose == 350e6
    assert agreed([pet, pet]) == pet
    assert agreed([None, None]) is None


def test_another_modality_has_none() -> None:
    assert pet_attributes(ct_slice(phantom(1), 1, generate_uid())) is None


def _manifest(**values: Any) -> SeriesManifest:
    frame = FrameAttributes("1.2.3", 1, 4, 4)
    return SeriesManifest("s", "1.2", "PT", StudyHeading(), (frame,), **values)


def test_the_manifest_carries_it_there_and_back() -> None:
    whole = _manifest(pet=_read(_pet()))
    assert manifest.from_json(manifest.to_json(whole)) == whole


def test_a_manifest_of_the_first_version_is_still_read_and_an_unknown_one_refused() -> None:
    text = manifest.to_json(_manifest())
    old = text.replace('"version":2', '"version":1').replace(',"pet":null,"refused":[]', "")
    assert old != text
    assert manifest.from_json(old) == _manifest()
    with pytest.raises(ManifestError):
        manifest.from_json(text.replace('"version":2', '"version":3'))
