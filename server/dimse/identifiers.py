"""Identifiers of queries: what a caller asks for, and the answer in the form he asked (PS3.4 C)."""

from __future__ import annotations

import codecs

from pydicom import DataElement, Dataset
from pydicom.charset import python_encoding
from pydicom.multival import MultiValue
from pydicom.uid import UID

from server.finding import ATTRIBUTES, UNIQUE_KEYS, Level, Query

IDENTIFIER_UNLIKE_SOP_CLASS = 0xA900  # PS3.4 table C.4-1
_LEVELS = {one.name: one for one in Level}
_NO_KEYS = frozenset({"SpecificCharacterSet", "QueryRetrieveLevel", "TimezoneOffsetFromUTC"})
_UTF_8 = "ISO_IR 192"


class IdentifierError(ValueError):
    """The identifier does not fit its model; the message is plain English, without values."""


def read_query(identifier: Dataset, *, patient_root: bool, retrieve: bool) -> Query:
    """Return what an identifier asks for, checked against the hierarchy (PS3.4 C.4.1.2.2).

    With `retrieve` the unique key of the level itself must be given, too. Raises IdentifierError.
    """
    level = _LEVELS.get(str(identifier.get("QueryRetrieveLevel", "")).strip())
    if level is None or (level is Level.PATIENT and not patient_root):
        raise IdentifierError("no such query/retrieve level in this model")
    keys = {
        element.keyword: _text(element)
        for element in identifier
        if element.keyword in ATTRIBUTES and element.keyword not in _NO_KEYS
    }
    root = Level.PATIENT if patient_root else Level.STUDY
    for above, keyword in UNIQUE_KEYS.items():
        needed = root <= above < level or (retrieve and above is level)
        key = keys.get(keyword, "")
        if needed and (not key or any(letter in key for letter in "*?")):
            raise IdentifierError(f"{keyword} is needed")
        if needed and above < level and "\\" in key:
            raise IdentifierError(f"{keyword} must be one")
    if retrieve:
        keys = {name: keys[name] for name in UNIQUE_KEYS.values() if keys.get(name)}
    return Query(level, keys)


def answer_to(identifier: Dataset, found: Dataset, ae_title: str, level: Level) -> Dataset:
    """Return what was asked for of what was found; what is not held is there without a value."""
    answer = Dataset()
    wanted = {element.keyword for element in identifier} | {
        keyword for above, keyword in UNIQUE_KEYS.items() if above <= level and keyword in found
    }
    for element in identifier:
        if element.keyword not in _NO_KEYS and element.keyword not in ATTRIBUTES:
            answer.add(DataElement(element.tag, element.VR, [] if element.VR == "SQ" else None))
    for keyword in sorted(wanted & {element.keyword for element in found} - _NO_KEYS):
        answer.add(found[keyword])
    answer.QueryRetrieveLevel = level.name
    answer.RetrieveAETitle = ae_title
    answer.InstanceAvailability = "ONLINE"
    answer.SpecificCharacterSet = _character_set(identifier, answer)
    return answer


def is_patient_root(sop_class_uid: UID | str) -> bool:
    """Whether a query SOP class is one of the Patient Root model (PS3.4 C.6.1)."""
    return str(sop_class_uid).startswith("1.2.840.10008.5.1.4.1.2.1.")


def _text(element: DataElement) -> str:
    value = element.value
    if value is None or element.VR == "SQ":
        return ""
    if isinstance(value, MultiValue | list | tuple):
        return "\\".join(str(one) for one in value)
    return str(value).strip()


def _character_set(identifier: Dataset, answer: Dataset) -> str:
    """Return the caller's own character set where it can say everything, else UTF-8."""
    asked = identifier.get("SpecificCharacterSet")
    encoding = python_encoding.get(str(asked)) if isinstance(asked, str) else None
    if not encoding:
        return _UTF_8
    words = "".join(_text(element) for element in answer)
    try:
        codecs.encode(words, encoding)
    except (UnicodeEncodeError, LookupError):
        return _UTF_8
    return str(asked)
