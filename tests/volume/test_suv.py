"""SUV by body weight: its value, and each reason to refuse it (anchors, trap 9)."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from tests.volume.phantoms import frames, series
from viewer_py.dicom.manifest import PetAttributes, SeriesManifest
from viewer_py.volume.assemble import assemble
from viewer_py.volume.scan_start import scan_start
from viewer_py.volume.states import volume_geometry
from viewer_py.volume.suv import LABELS, SuvReason, suv_bw

HALF_LIFE = 6586.2  # fluorine 18, s
DOSE = 370e6
WEIGHT = 70.0
PET = PetAttributes(
    units="BQML",
    corrected_image=("ATTN", "DECY", "SCAT"),
    decay_correction="START",
    radionuclide_total_dose=DOSE,
    radionuclide_half_life=HALF_LIFE,
    radiopharmaceutical_start="2026-03-01T08:00:00",
    series_datetime="2026-03-01T09:00:00",
    patient_weight=WEIGHT,
)


def made(pet: PetAttributes | None = PET, **frame: Any) -> SeriesManifest:
    frame = {"acquisition_datetime": "2026-03-01T09:00:05"} | frame
    return replace(series(frames([0.0, 3.0, 6.0], **frame), "PT"), pet=pet)


def factor(pet: PetAttributes, **frame: Any) -> float:
    scale = suv_bw(made(pet, **frame))
    assert scale.reasons == ()
    assert scale.factors is not None
    assert len(scale.factors) == 3
    assert len(set(scale.factors)) == 1
    return scale.factors[0]


def decayed(seconds: float) -> float:
    """Return the factor at so many seconds between injection and scan."""
    return WEIGHT * 1000 / (DOSE * math.exp(-math.log(2) * seconds / HALF_LIFE))


@pytest.mark.requirement("C-24")
def test_the_dose_decays_until_the_start_of_the_scan() -> None:
    assert factor(PET) == pytest.approx(decayed(3600), rel=1e-12)


def test_after_one_half_life_the_same_uptake_counts_twice() -> None:
    start = datetime(2026, 3, 1, 9) - timedelta(seconds=HALF_LIFE)
    pet = replace(PET, radiopharmaceutical_start=start.isoformat())
    assert factor(pet) == pytest.approx(2 * WEIGHT * 1000 / DOSE)


def test_values_corrected_to_the_injection_decay_no_further() -> None:
    """ADMIN; neither times nor half life are needed then."""
    pet = replace(
        PET, decay_correction="ADMIN", radionuclide_half_life=None, radiopharmaceutical_start=""
    )
    assert factor(pet) == pytest.approx(WEIGHT * 1000 / DOSE)


def test_over_midnight() -> None:
    pet = replace(
        PET,
        radiopharmaceutical_start="2026-02-28T23:30:00",
        series_datetime="2026-03-01T00:30:00",
    )
    assert factor(pet, acquisition_datetime="2026-03-01T00:30:00") == pytest.approx(decayed(3600))


def test_fractions_of_a_second_count() -> None:
    pet = replace(PET, series_datetime="2026-03-01T09:00:00.500000")
    assert factor(pet) == pytest.approx(decayed(3600.5), rel=1e-12)


def test_values_in_grams_per_millilitre_are_suv_already() -> None:
    bare = PetAttributes(units="GML")
    assert factor(bare) == 1.0
    assert factor(replace(bare, suv_type="BW")) == 1.0


def test_philips_counts_by_its_suv_factor() -> None:
    pet = replace(PET, units="CNTS", philips_suv_factor=0.000412, philips_activity_factor=1.5)
    assert factor(replace(pet, radionuclide_total_dose=None)) == 0.000412


def test_philips_counts_by_its_activity_factor() -> None:
    pet = replace(PET, units="CNTS", philips_suv_factor=0.0, philips_activity_factor=1.5)
    assert factor(pet) == pytest.approx(1.5 * decayed(3600))


class TestStartOfTheScan:
    """Which moment START means."""

    LATE = replace(PET, series_datetime="2026-03-01T15:00:00")

    def test_a_stated_decay_correction_time_is_it(self) -> None:
        pet = replace(PET, decay_correction_datetime="2026-03-01T09:10:00")
        assert factor(pet) == pytest.approx(decayed(4200))

    def test_the_time_of_the_series_when_nothing_was_acquired_before(self) -> None:
        assert factor(PET, acquisition_datetime="2026-03-01T09:00:00") == pytest.approx(
            decayed(3600)
        )

    def test_a_fraction_of_a_second_makes_no_series_late(self) -> None:
        pet = replace(PET, series_datetime="2026-03-01T09:00:05.678")
        assert factor(pet) == pytest.approx(decayed(3605.678))

    def test_ge_scan_time_when_the_series_was_made_later(self) -> None:
        pet = replace(self.LATE, ge_scan_datetime="2026-03-01T09:00:00")
        assert factor(pet) == pytest.approx(decayed(3600))

    def test_computed_back_from_the_frame_reference_time(self) -> None:
        """The counts of a frame are worth the moment of their mean rate."""
        duration = 180.0
        decay = math.log(2) / HALF_LIFE
        mean_rate = -math.log((1 - math.exp(-decay * duration)) / (decay * duration)) / decay
        acquired = datetime(2026, 3, 1, 9) + timedelta(seconds=600)
        found = factor(
            self.LATE,
            acquisition_datetime=acquired.isoformat(),
            actual_frame_duration=duration * 1000,
            frame_reference_time=(600 + mean_rate) * 1000,
        )
        assert found == pytest.approx(decayed(3600), rel=1e-6)

    def test_computed_back_from_the_decay_factor(self) -> None:
        acquired = datetime(2026, 3, 1, 9) + timedelta(seconds=600)
        decay = math.log(2) / HALF_LIFE
        # PS3.3 C.8.9.4: the factor makes up for the decay from the reference time on.
        counted = (math.exp(-decay * 600) - math.exp(-decay * 780)) / (decay * 180)
        found = factor(
            self.LATE,
            acquisition_datetime=acquired.isoformat(),
            actual_frame_duration=180_000.0,
            decay_factor=1 / counted,
        )
        assert found == pytest.approx(decayed(3600), rel=1e-6)

    def test_frames_that_were_acquired_at_different_times_agree(self) -> None:
        manifest = made(self.LATE)
        each = [
            replace(
                frame,
                acquisition_datetime=f"2026-03-01T09:{3 * bed:02}:00",
                actual_frame_duration=1000.0,
                frame_reference_time=(180.0 * bed + 0.5) * 1000,
            )
            for bed, frame in enumerate(manifest.frames)
        ]
        each[0] = replace(each[0], frame_reference_time=500.0)
        start = scan_start(tuple(each), self.LATE)
        assert start is not None
        assert abs((start - datetime(2026, 3, 1, 9)).total_seconds()) < 0.01

    def test_frames_that_contradict_each_other_tell_nothing(self) -> None:
        manifest = made(self.LATE, actual_frame_duration=1000.0)
        each = tuple(
            replace(frame, frame_reference_time=1000.0 * (1 + 60 * bed))
            for bed, frame in enumerate(manifest.frames)
        )
        assert scan_start(each, self.LATE) is None

    def test_a_series_made_later_that_tells_nothing_else_is_refused(self) -> None:
        assert suv_bw(made(self.LATE)).reasons == (SuvReason.NO_SCAN_TIME,)


@pytest.mark.requirement("C-24")
@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        (SuvReason.UNITS, {"units": "PROPCPS"}),
        (SuvReason.UNITS, {"units": ""}),
        (SuvReason.OTHER_SUV_TYPE, {"units": "GML", "suv_type": "LBM"}),
        (SuvReason.NO_PHILIPS_FACTOR, {"units": "CNTS"}),
        (SuvReason.NO_PHILIPS_FACTOR, {"units": "CNTS", "philips_suv_factor": 0.0}),
        (SuvReason.NOT_ATTENUATION_CORRECTED, {"corrected_image": ("DECY",)}),
        (SuvReason.NOT_DECAY_CORRECTED, {"corrected_image": ("ATTN",)}),
        (SuvReason.NOT_DECAY_CORRECTED, {"decay_correction": "NONE"}),
        (SuvReason.DECAY_CORRECTION_UNKNOWN, {"decay_correction": ""}),
        (SuvReason.NO_WEIGHT, {"patient_weight": None}),
        (SuvReason.NO_WEIGHT, {"patient_weight": 0.0}),
        (SuvReason.NO_DOSE, {"radionuclide_total_dose": None}),
        (SuvReason.NO_DOSE, {"radionuclide_total_dose": 0.0}),
        (SuvReason.IMPLAUSIBLE_DOSE, {"radionuclide_total_dose": 370.0}),
        (SuvReason.NO_HALF_LIFE, {"radionuclide_half_life": None}),
        (SuvReason.NO_INJECTION_TIME, {"radiopharmaceutical_start": ""}),
        (SuvReason.NO_INJECTION_TIME, {"radiopharmaceutical_start": "2026-03-01"}),
        (SuvReason.NO_SCAN_TIME, {"series_datetime": ""}),
        (SuvReason.INJECTION_AFTER_SCAN, {"radiopharmaceutical_start": "2026-03-01T09:00:01"}),
        (SuvReason.IMPLAUSIBLE_TIME, {"radiopharmaceutical_start": "2021-03-01T08:00:00"}),
        (SuvReason.CONTRADICTORY, {"patient_weight": None, "contradictory": ("patient_weight",)}),
        (SuvReason.CONTRADICTORY, {"units": "", "contradictory": ("units",)}),
    ],
)
def test_refused_with_a_reason(reason: SuvReason, changes: dict[str, Any]) -> None:
    scale = suv_bw(made(replace(PET, **changes)))
    assert scale.factors is None
    assert scale.reasons == (reason,)


def test_every_reason_is_told() -> None:
    scale = suv_bw(made(PetAttributes(units="BQML", decay_correction="START")))
    assert set(scale.reasons) == {
        SuvReason.NOT_ATTENUATION_CORRECTED,
        SuvReason.NOT_DECAY_CORRECTED,
        SuvReason.NO_WEIGHT,
        SuvReason.NO_DOSE,
    }


def test_what_is_not_pet_has_no_suv() -> None:
    assert suv_bw(made(None)).reasons == (SuvReason.NOT_PET,)
    assert suv_bw(replace(made(), modality="CT")).reasons == (SuvReason.NOT_PET,)


def test_every_reason_has_words() -> None:
    assert set(LABELS) == set(SuvReason)
    assert all(label.chinese and label.english for label in LABELS.values())


@pytest.mark.requirement("C-24")
@pytest.mark.parametrize("uptake", [4.11, 1.0])
def test_the_published_value_of_the_digital_reference_object(uptake: float) -> None:
    """The one value published for the University of Washington's PET/CT reference object.

    Pierce et al. (Radiology 2015) state an isolated voxel of 4.11 times the background of 1. The
    object itself cannot be part of this repository: its header is not known here, and this is one
    made with the arithmetic of such headers, stored in 16 bits with a slope for each slice.
    """
    concentration = uptake * (DOSE * 0.5 ** (3600 / HALF_LIFE)) / (WEIGHT * 1000)
    slopes = (0.31, 0.47, 0.93)
    manifest = made()
    each = tuple(
        replace(frame, rescale_slope=slope)
        for frame, slope in zip(manifest.frames, slopes, strict=True)
    )
    manifest = replace(manifest, frames=each)
    stored = [np.full((12, 10), round(concentration / slope), np.uint16) for slope in slopes]
    volume = assemble(manifest, volume_geometry(each), stored.__getitem__)
    factors = suv_bw(manifest).factors
    assert factors is not None
    found = volume.values * volume.slope * factors[0]
    np.testing.assert_allclose(found, uptake, rtol=5e-4)
