"""Facts of the header of one object."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import date, datetime
from io import BytesIO
from typing import Any

from pydicom import Dataset, dcmread

from server.imaging.attributes import sequence_item, text, value
from server.quality.facts import ObjectFacts
from server.quality.thresholds import Thresholds

_AGE = re.compile(r"([0-9]{3})([DWMY])")
_YEARS = {"D": 1 / 365.2425, "W": 7 / 365.2425, "M": 1 / 12, "Y": 1.0}
_WORDS = (
    "PatientName",
    "StudyDescription",
    "SeriesDescription",
    "ProtocolName",
    "ImageComments",
    "PatientComments",
)


def object_facts(
    data: bytes, *, series: str, modality: str, sha256: str, limits: Thresholds
) -> ObjectFacts:
    """Read the header of an object as it is stored; `sha256` is what was noted when it came ("" is
    none). Raises what pydicom raises for what is no DICOM."""
    dataset = dcmread(BytesIO(data), force=True, stop_before_pixels=True)
    wanted = limits.required_of(modality) if "Rows" in dataset else ()
    patient = text(dataset, "PatientID", dataset)
    number = value(dataset, "InstanceNumber")
    return ObjectFacts(
        sop_instance_uid=text(dataset, "SOPInstanceUID", dataset),
        series=series,
        modality=modality,
        instance_number=None if number is None else int(number),
        study_uid=text(dataset, "StudyInstanceUID", dataset),
        patient=hashlib.sha256(patient.encode()).hexdigest() if patient else "",
        institution=text(dataset, "InstitutionName", dataset),
        study_date=text(dataset, "StudyDate", dataset),
        sex=text(dataset, "PatientSex", dataset),
        age_years=_age(text(dataset, "PatientAge", dataset)),
        birth_date=_date(text(dataset, "PatientBirthDate", dataset)),
        body_part=text(dataset, "BodyPartExamined", dataset),
        words="\n".join(text(dataset, keyword, dataset) for keyword in _WORDS).lower(),
        missing=tuple(keyword for keyword in wanted if not _says(dataset, keyword)),
        required=len(wanted),
        altered=bool(sha256) and hashlib.sha256(data).hexdigest() != sha256,
    )


def _says(dataset: Dataset, keyword: str) -> bool:
    return any(_filled(value(one, keyword)) for one in _places(dataset))


def _filled(found: Any) -> bool:
    return found is not None and str(found).strip() != ""


def _places(dataset: Dataset) -> Iterator[Dataset]:
    """Yield where an attribute may stand: the object, and functional groups of its first frame."""
    yield dataset
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        groups = sequence_item(dataset, keyword, 0)
        for element in groups or ():
            item = sequence_item(groups, element.keyword, 0) if groups is not None else None
            if item is not None:
                yield item


def _age(words: str) -> float | None:
    match = _AGE.fullmatch(words)
    return int(match[1]) * _YEARS[match[2]] if match else None


def _date(words: str) -> date | None:
    try:
        return datetime.strptime(words, "%Y%m%d").date()
    except ValueError:
        return None
