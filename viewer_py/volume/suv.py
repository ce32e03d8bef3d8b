"""Standardized uptake values by body weight (SUVbw) of a PET series, or why there are none.

SUVbw = activity concentration · body weight / dose, the dose decayed to the moment that the values
are corrected to (QIBA FDG-PET/CT profile; PS3.3 C.8.9.1, C.8.9.4). Nothing is guessed: what is
missing, contradicts itself or cannot be true is a reason, and the series then shows its own units.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from viewer_py.dicom.manifest import FrameAttributes, PetAttributes, SeriesManifest
from viewer_py.volume.scan_start import is_positive, moment, scan_start

# After so many half lives a thousandth of the dose is left: no image was made of that, a date is
# wrong (shifted by an anonymiser).
MOST_HALF_LIVES = 10.0
# In Bq. Less is not given to people or animals: the number is in MBq, against the standard.
SMALLEST_DOSE = 1e5
GRAMS_PER_KILOGRAM = 1000.0


class SuvReason(enum.StrEnum):
    """Why a series has no SUV."""

    NOT_PET = "not-pet"
    UNITS = "units"
    OTHER_SUV_TYPE = "other-suv-type"
    NO_PHILIPS_FACTOR = "no-philips-factor"
    NOT_ATTENUATION_CORRECTED = "not-attenuation-corrected"
    NOT_DECAY_CORRECTED = "not-decay-corrected"
    DECAY_CORRECTION_UNKNOWN = "decay-correction-unknown"
    NO_WEIGHT = "no-weight"
    NO_DOSE = "no-dose"
    IMPLAUSIBLE_DOSE = "implausible-dose"
    NO_HALF_LIFE = "no-half-life"
    NO_INJECTION_TIME = "no-injection-time"
    NO_SCAN_TIME = "no-scan-time"
    INJECTION_AFTER_SCAN = "injection-after-scan"
    IMPLAUSIBLE_TIME = "implausible-time"
    CONTRADICTORY = "contradictory"


@dataclass(frozen=True)
class SuvLabel:
    """A reason in words."""

    chinese: str
    english: str


LABELS: dict[SuvReason, SuvLabel] = {
    SuvReason.NOT_PET: SuvLabel("不是 PET 序列", "not a PET series"),
    SuvReason.UNITS: SuvLabel("像素单位不能换算为 SUV", "no SUV from these units"),
    SuvReason.OTHER_SUV_TYPE: SuvLabel(
        "SUV 未按体重计算", "the SUV is not normalised by body weight"
    ),
    SuvReason.NO_PHILIPS_FACTOR: SuvLabel(
        "计数值缺少换算系数", "counts without a conversion factor"
    ),
    SuvReason.NOT_ATTENUATION_CORRECTED: SuvLabel("未做衰减校正", "not corrected for attenuation"),
    SuvReason.NOT_DECAY_CORRECTED: SuvLabel("未做衰变校正", "not corrected for decay"),
    SuvReason.DECAY_CORRECTION_UNKNOWN: SuvLabel(
        "衰变校正的时间基准不明", "corrected for decay to an unknown moment"
    ),
    SuvReason.NO_WEIGHT: SuvLabel("缺少体重", "no body weight"),
    SuvReason.NO_DOSE: SuvLabel("缺少注射活度", "no injected dose"),
    SuvReason.IMPLAUSIBLE_DOSE: SuvLabel("注射活度不合理", "the injected dose cannot be true"),
    SuvReason.NO_HALF_LIFE: SuvLabel("缺少半衰期", "no half life"),
    SuvReason.NO_INJECTION_TIME: SuvLabel("缺少注射时间", "no time of injection"),
    SuvReason.NO_SCAN_TIME: SuvLabel("扫描起始时间不明", "the start of the scan is not known"),
    SuvReason.INJECTION_AFTER_SCAN: SuvLabel("注射时间晚于扫描时间", "injected after the scan"),
    SuvReason.IMPLAUSIBLE_TIME: SuvLabel(
        "注射与扫描相隔过久", "too long between injection and scan"
    ),
    SuvReason.CONTRADICTORY: SuvLabel("各图像的信息互相矛盾", "the images contradict each other"),
}

# The attribute that each reason is about: when the objects contradict each other in it, that is
# said instead of its absence.
_ABOUT = {
    SuvReason.UNITS: "units",
    SuvReason.OTHER_SUV_TYPE: "suv_type",
    SuvReason.NOT_ATTENUATION_CORRECTED: "corrected_image",
    SuvReason.NOT_DECAY_CORRECTED: "corrected_image",
    SuvReason.DECAY_CORRECTION_UNKNOWN: "decay_correction",
    SuvReason.NO_WEIGHT: "patient_weight",
    SuvReason.NO_DOSE: "radionuclide_total_dose",
    SuvReason.NO_HALF_LIFE: "radionuclide_half_life",
    SuvReason.NO_INJECTION_TIME: "radiopharmaceutical_start",
    SuvReason.NO_SCAN_TIME: "series_datetime",
}


@dataclass(frozen=True)
class SuvScale:
    """`factors[f]` times a modality value of frame f of the series is its SUVbw in g/ml.

    None, with all the reasons, where there is none.
    """

    factors: tuple[float, ...] | None
    reasons: tuple[SuvReason, ...] = ()


@dataclass(frozen=True)
class _Factor:
    """One factor for all frames, or the reasons."""

    factor: float | None
    reasons: tuple[SuvReason, ...] = ()


def suv_bw(series: SeriesManifest) -> SuvScale:
    """Return the SUVbw factors of a PET series, or every reason why there are none.

    The values of a series are corrected to one moment, so that all its factors are the same.
    """
    pet = series.pet
    if series.modality != "PT" or pet is None:
        return SuvScale(None, (SuvReason.NOT_PET,))
    found = _factor(series.frames, pet)
    if found.factor is None:
        return SuvScale(None, found.reasons)
    return SuvScale((found.factor,) * len(series.frames))


def _factor(frames: tuple[FrameAttributes, ...], pet: PetAttributes) -> _Factor:
    if pet.units == "GML":
        return _stated_suv(pet)
    if pet.units == "BQML":
        return _by_activity(frames, pet, 1.0)
    if pet.units != "CNTS":
        return _refused(pet, [SuvReason.UNITS])
    if pet.philips_suv_factor:
        reasons = _uncorrected(pet)
        return _refused(pet, reasons) if reasons else _Factor(pet.philips_suv_factor)
    if pet.philips_activity_factor:
        return _by_activity(frames, pet, pet.philips_activity_factor)
    return _refused(pet, [*_uncorrected(pet), SuvReason.NO_PHILIPS_FACTOR])


def _refused(pet: PetAttributes, reasons: Iterable[SuvReason]) -> _Factor:
    said = [
        SuvReason.CONTRADICTORY if _ABOUT.get(reason) in pet.contradictory else reason
        for reason in reasons
    ]
    return _Factor(None, tuple(dict.fromkeys(said)))


def _stated_suv(pet: PetAttributes) -> _Factor:
    """Return the factor of values that are SUV already (g/ml): 1, if by body weight.

    SUV Type absent means body weight (PS3.3 C.8.9.1: "BW" is what absence implies).
    """
    by_weight = pet.suv_type in ("", "BW") and "suv_type" not in pet.contradictory
    return _Factor(1.0) if by_weight else _refused(pet, [SuvReason.OTHER_SUV_TYPE])


def _uncorrected(pet: PetAttributes) -> list[SuvReason]:
    reasons = []
    if "ATTN" not in pet.corrected_image:
        reasons.append(SuvReason.NOT_ATTENUATION_CORRECTED)
    if "DECY" not in pet.corrected_image or pet.decay_correction == "NONE":
        reasons.append(SuvReason.NOT_DECAY_CORRECTED)
    return reasons


def _by_activity(
    frames: tuple[FrameAttributes, ...], pet: PetAttributes, becquerels: float
) -> _Factor:
    """Return the factor of values which, times `becquerels`, are Bq/ml."""
    reasons = _uncorrected(pet)
    weight, dose = pet.patient_weight, pet.radionuclide_total_dose
    if not is_positive(weight):
        reasons.append(SuvReason.NO_WEIGHT)
    if not is_positive(dose):
        reasons.append(SuvReason.NO_DOSE)
    elif dose is not None and dose < SMALLEST_DOSE:
        reasons.append(SuvReason.IMPLAUSIBLE_DOSE)
    left = 1.0
    if SuvReason.NOT_DECAY_CORRECTED not in reasons:
        remaining = _remaining_share(frames, pet)
        if isinstance(remaining, float):
            left = remaining
        else:
            reasons += remaining
    if reasons or weight is None or dose is None:
        return _refused(pet, reasons)
    return _Factor(becquerels * weight * GRAMS_PER_KILOGRAM / (dose * left))


def _remaining_share(
    frames: tuple[FrameAttributes, ...], pet: PetAttributes
) -> float | list[SuvReason]:
    """Return what share of the dose is left at the moment that the values are corrected to.

    ADMIN: the values are corrected to the injection, nothing has decayed. START: to the start of
    the scan, which `scan_start` finds.
    """
    if pet.decay_correction == "ADMIN":
        return 1.0
    if pet.decay_correction != "START":
        return [SuvReason.DECAY_CORRECTION_UNKNOWN]
    half_life, start = pet.radionuclide_half_life, moment(pet.radiopharmaceutical_start)
    reasons = []
    if not is_positive(half_life):
        reasons.append(SuvReason.NO_HALF_LIFE)
    if start is None:
        reasons.append(SuvReason.NO_INJECTION_TIME)
    scan = scan_start(frames, pet)
    if scan is None:
        reasons.append(SuvReason.NO_SCAN_TIME)
    if half_life is None or start is None or scan is None or reasons:
        return reasons
    seconds = (scan - start).total_seconds()
    if seconds < 0:
        return [SuvReason.INJECTION_AFTER_SCAN]
    if seconds > MOST_HALF_LIVES * half_life:
        return [SuvReason.IMPLAUSIBLE_TIME]
    return float(2.0 ** (-seconds / half_life))
