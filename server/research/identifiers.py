"""Whether anything by which a person could be found is left in what leaves: a second look, by other
means than the profile, at every single object."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from io import BytesIO

from pydicom import Dataset, dcmread
from pydicom.dataelem import DataElement

_NAMING = frozenset({"PN"})
_NAMED = frozenset(
    {
        "AccessionNumber",
        "AdmissionID",
        "DeviceSerialNumber",
        "InstitutionAddress",
        "InstitutionName",
        "InstitutionalDepartmentName",
        "IssuerOfPatientID",
        "MedicalRecordLocator",
        "OtherPatientIDs",
        "PatientAddress",
        "PatientBirthDate",
        "PatientID",
        "PatientTelephoneNumbers",
        "PerformedProcedureStepID",
        "RequestedProcedureID",
        "ScheduledProcedureStepID",
        "StationName",
        "StudyID",
    }
)
_SEPARATORS = re.compile(r"[\^=\\\s,，]+")
_SHORTEST_ANYWHERE = 6  # characters; shorter ones are found as whole values
_SHORTEST_CHINESE = 2
_SHORTEST_IN_BYTES = 8


def identifiers_of(dataset: Dataset) -> frozenset[str]:
    """Return the names, numbers and UIDs in an object by which its patient could be found."""
    return frozenset(_clean(word) for one in dataset.iterall() for word in _words(one)) - {""}


def _words(element: DataElement) -> Iterator[str]:
    if element.VR in _NAMING:
        text = str(element.value or "")
        yield text
        yield from _SEPARATORS.split(text)
    elif element.keyword in _NAMED or (
        element.VR == "UI" and not str(element.value).startswith("1.2.840.10008.")
    ):
        yield str(element.value or "")


def _is_own_uid(element: DataElement) -> bool:
    return element.VR == "UI" and not str(element.value).startswith("1.2.840.10008.")


def _clean(word: str) -> str:
    return word.strip(" ^=\0")


def left_over(data: bytes, known: Iterable[str]) -> str:
    """Return the kind of place where something known is left in an object's file; "" for nowhere.

    Looked for are values of all attributes, and the raw bytes of the whole file, pixels included,
    in UTF-8 and GB 18030.
    """
    words = sorted({one for one in map(_clean, known) if _is_telling(one)})
    values = [text.casefold() for text in _values(dcmread(BytesIO(data)))]
    whole = "\n".join(values)
    for word in words:
        folded = word.casefold()
        if folded in values or (_is_long(word) and folded in whole):
            return "value"
    for word in words:
        if len(word.encode()) >= _SHORTEST_IN_BYTES and any(
            word.encode(encoding, "ignore") in data for encoding in ("utf-8", "gb18030")
        ):
            return "bytes"
    return ""


def _is_chinese(word: str) -> bool:
    return any("\u3400" <= letter <= "\u9fff" for letter in word)


def _is_long(word: str) -> bool:
    shortest = _SHORTEST_CHINESE if _is_chinese(word) else _SHORTEST_ANYWHERE
    return len(word) >= shortest


def _is_telling(word: str) -> bool:
    """Whether a word says something by itself: "100" may be a tube voltage as well as a number."""
    if _is_chinese(word):
        return len(word) >= _SHORTEST_CHINESE
    return len(word) >= _SHORTEST_ANYWHERE or (len(word) > 2 and not word.isdigit())


def _values(dataset: Dataset) -> Iterator[str]:
    for element in [*dataset.file_meta, *dataset.iterall()]:
        if element.VR != "SQ" and not isinstance(element.value, bytes):
            yield str(element.value)
