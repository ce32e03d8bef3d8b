"""Finding patients, studies, series and objects for C-FIND, C-MOVE and C-GET (PS3.4 C), in the
index that DICOMweb searches too (`server.dicom_index`)."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydicom import Dataset
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from server import dicom_index
from server.dicom_index import Match, QueryError, attributes_of, matching_keys
from server.model import Instance, Study

__all__ = ["ATTRIBUTES", "UNIQUE_KEYS", "Level", "MatchingKeyError", "Query", "find", "instances"]

_PAGE = 200


class Level(enum.IntEnum):
    """The levels of the query models (PS3.4 C.6), from the whole to the part."""

    PATIENT = 0
    STUDY = 1
    SERIES = 2
    IMAGE = 3


class MatchingKeyError(ValueError):
    """A key cannot be understood; the message is plain English and holds no value."""


# Every attribute that answers hold, but for those of sequences.
ATTRIBUTES = frozenset(
    one.keyword for level in dicom_index.Level for one in attributes_of(level) if not one.sequence
)
UNIQUE_KEYS = {
    Level.PATIENT: "PatientID",
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.IMAGE: "SOPInstanceUID",
}
_OF_INDEX = {
    Level.PATIENT: dicom_index.Level.STUDY,
    Level.STUDY: dicom_index.Level.STUDY,
    Level.SERIES: dicom_index.Level.SERIES,
    Level.IMAGE: dicom_index.Level.INSTANCE,
}
# What of a study is its patient's.
_OF_PATIENT = ("PatientID", "PatientName", "PatientBirthDate", "PatientSex")


@dataclass(frozen=True)
class Query:
    """What is asked for: a level and keys, keyword to matching text; "" is universal matching."""

    level: Level
    keys: Mapping[str, str] = field(default_factory=dict)


def find(session: Session, query: Query, visible: ColumnElement[bool]) -> Iterator[Dataset]:
    """Yield one data set (UTF-8) for each entity that fits all keys, of studies that are `visible`.

    It holds every attribute of its level and those above, and the numbers of what is below. Keys
    that are not matched are passed over (PS3.4 C.2.2.1.3). The newest study comes first. Raises
    MatchingKeyError for keys that cannot be understood.
    """
    seen: set[str] = set()
    for match in _matches(session, query, visible):
        if query.level is not Level.PATIENT:
            yield match.dataset()
            continue
        patient_id = str(match.values["PatientID"])
        if patient_id not in seen:
            seen.add(patient_id)
            yield _patient(session, match, visible)


def instances(session: Session, query: Query, visible: ColumnElement[bool]) -> list[Instance]:
    """Return all objects of the entities that fit, in order of series and arrival.

    Raises MatchingKeyError.
    """
    deeper = Query(Level.IMAGE, query.keys)
    ids = [match.instance_id for match in _matches(session, deeper, visible)]
    found = {
        one.id: one
        for start in range(0, len(ids), _PAGE)
        for one in session.scalars(
            select(Instance).where(Instance.id.in_(ids[start : start + _PAGE]))
        )
    }
    return [found[one] for one in ids if one is not None]


def _matches(session: Session, query: Query, visible: ColumnElement[bool]) -> Iterator[Match]:
    level = _OF_INDEX[query.level]
    known = matching_keys(level)
    keys = {name: text for name, text in query.keys.items() if name in known}
    offset = 0
    while True:
        try:
            page = dicom_index.find(session, dicom_index.Query(level, keys, _PAGE, offset), visible)
        except QueryError as error:
            raise MatchingKeyError(str(error).rpartition(" / ")[2]) from error
        yield from page
        if len(page) < _PAGE:
            return
        offset += _PAGE


def _patient(session: Session, match: Match, visible: ColumnElement[bool]) -> Dataset:
    whole = match.dataset()
    patient = Dataset()
    patient.SpecificCharacterSet = whole.SpecificCharacterSet
    for keyword in _OF_PATIENT:
        patient[keyword] = whole[keyword]
    studies = select(func.count(Study.study_id)).where(
        visible, Study.patient_id == match.values["PatientID"]
    )
    patient.NumberOfPatientRelatedStudies = session.scalar(studies) or 0
    return patient
