"""What an object says that a standardized uptake value needs (PS3.3 C.8.9)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from datetime import datetime, timedelta

from pydicom import Dataset

from server.imaging.attributes import FrameValues, number, sequence_item, text
from server.imaging.moments import iso, moment_of, parse_date_time, parse_dt
from viewer_py.dicom.attributes import PetAttributes

GE_CREATOR = "GEMS_PETD_01"
PHILIPS_CREATOR = "Philips PET Private Group"


def pet_attributes(dataset: Dataset) -> PetAttributes | None:
    """Return the PET attributes of an object, None when it is of another modality."""
    values = FrameValues(dataset, 0)
    if values.text("Modality") != "PT":
        return None
    drug = sequence_item(dataset, "RadiopharmaceuticalInformationSequence", 0) or Dataset()
    return PetAttributes(
        units=values.text("Units"),
        suv_type=values.text("SUVType"),
        corrected_image=_corrections(values),
        decay_correction=_decay_correction(values),
        decay_correction_datetime=iso(
            parse_dt(values.text("DecayCorrectionDateTime"), values.text("TimezoneOffsetFromUTC"))
        ),
        radiopharmaceutical=text(drug, "Radiopharmaceutical", dataset),
        radionuclide_total_dose=number(drug, "RadionuclideTotalDose"),
        radionuclide_half_life=number(drug, "RadionuclideHalfLife"),
        radiopharmaceutical_start=iso(_start(drug, values)),
        series_datetime=iso(moment_of(values, "Series")),
        patient_weight=values.number("PatientWeight"),
        patient_size=values.number("PatientSize"),
        patient_sex=values.text("PatientSex"),
        ge_scan_datetime=iso(parse_dt(_private_text(dataset, 0x0009, GE_CREATOR, 0x0D), "")),
        philips_suv_factor=_private_number(dataset, 0x7053, PHILIPS_CREATOR, 0x00),
        philips_activity_factor=_private_number(dataset, 0x7053, PHILIPS_CREATOR, 0x09),
    )


def agreed(objects: Iterable[PetAttributes | None]) -> PetAttributes | None:
    """Return what all objects of a series say alike; what they contradict each other in is named.

    None when an object says nothing of PET.
    """
    distinct = list(dict.fromkeys(objects))
    first = distinct[0] if distinct else None
    if first is None or len(distinct) == 1:
        return first
    silent = PetAttributes()
    differing = {
        field.name: getattr(silent, field.name)
        for field in dataclasses.fields(PetAttributes)
        if any(getattr(one, field.name, None) != getattr(first, field.name) for one in distinct)
    }
    return dataclasses.replace(first, **(differing | {"contradictory": tuple(differing)}))


def _corrections(values: FrameValues) -> tuple[str, ...]:
    """Return Corrected Image; enhanced objects say the same with one flag a correction."""
    stated = tuple(word for word in values.texts("CorrectedImage") if word)
    flags = {"ATTN": "AttenuationCorrected", "DECY": "DecayCorrected", "SCAT": "ScatterCorrected"}
    return stated or tuple(word for word, flag in flags.items() if values.text(flag) == "YES")


def _decay_correction(values: FrameValues) -> str:
    if values.text("DecayCorrected") == "NO":
        return "NONE"
    return values.text("DecayCorrection")


def _start(drug: Dataset, values: FrameValues) -> datetime | None:
    """Return when the radiopharmaceutical was given.

    Where only the time of day is stated, it is the last such time before the acquisition: an
    injection at 23:50 and a scan at 00:40 lie on two days.
    """
    root = values.dataset
    stated = text(drug, "RadiopharmaceuticalStartDateTime", root)
    if moment := parse_dt(stated, values.text("TimezoneOffsetFromUTC")):
        return moment
    scan = moment_of(values, "Acquisition") or moment_of(values, "Series")
    if scan is None:
        return None
    time = text(drug, "RadiopharmaceuticalStartTime", root)
    start = parse_date_time(f"{scan:%Y%m%d}", time)
    return start - timedelta(days=1) if start is not None and start > scan else start


def _private(dataset: Dataset, group: int, creator: str, element: int) -> object:
    """Return a private value; None when the maker's block is not there (PS3.5 7.8)."""
    try:
        return dataset.private_block(group, creator)[element].value
    except Exception:
        # pydicom raises many kinds of errors on malformed blocks and values.
        return None


def _private_text(dataset: Dataset, group: int, creator: str, element: int) -> str:
    found = _private(dataset, group, creator, element)
    if isinstance(found, bytes):
        found = found.decode("ascii", "replace")
    return "" if found is None else str(found).strip("\0 ")


def _private_number(dataset: Dataset, group: int, creator: str, element: int) -> float | None:
    try:
        found = float(_private_text(dataset, group, creator, element))
    except ValueError:
        return None
    return found if math.isfinite(found) else None
