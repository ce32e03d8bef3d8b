"""What may be read at the front machine just now, and what its headers say (E-42).

The hospital's own studies, and of other hospitals' those that a patient opened. Headers are kept in
memory alone: on the disk everything of a patient is encrypted.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from threading import Lock

from pydicom import Dataset, dcmread
from sqlalchemy import select

from server import clock
from server.finding import UNIQUE_KEYS, Level, Query
from server.gateway.cache_tables import CachedStudy
from server.gateway.caching import is_open
from server.gateway.spool import Spool
from server.gateway.tables import SpooledObject, SpoolState

MOST_HEADERS = 20_000
_KEYWORDS = [
    "AccessionNumber", "BodyPartExamined", "Columns", "InstanceNumber", "Modality",
    "NumberOfFrames", "PatientAge", "PatientBirthDate", "PatientID", "PatientName", "PatientSex",
    "ReferringPhysicianName", "Rows", "SOPClassUID", "SOPInstanceUID", "SeriesDescription",
    "SeriesInstanceUID", "SeriesNumber", "SpecificCharacterSet", "StudyDate", "StudyDescription",
    "StudyID", "StudyInstanceUID", "StudyTime",
]  # fmt: skip


@dataclass(frozen=True)
class Readable:
    """One object that may be read, with its header and the syntax in which it is stored."""

    row: SpooledObject
    header: Dataset
    transfer_syntax_uid: str


class Catalogue:
    """The objects of a spool as a query sees them; safe to be used by several threads."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._headers: dict[int, tuple[Dataset, str]] = {}
        self._reading = Lock()

    def find(self, query: Query) -> Iterator[Dataset]:
        """Yield what matches a query, one data set a patient, study, series or object."""
        groups: dict[str, list[SpooledObject]] = {}
        for row in self._rows(query.keys):
            groups.setdefault(self._group(row, query.level), []).append(row)
        for rows in groups.values():
            found = self._described(rows, query.level)
            if all(_matches(found, keyword, value) for keyword, value in query.keys.items()):
                yield found

    def objects(self, query: Query) -> list[Readable]:
        """Return the objects that a retrieval names by its unique keys."""
        found = [
            Readable(row, *self._header(row))
            for row in self._rows(query.keys)
            if _is_among(row.sop_instance_uid, query.keys.get("SOPInstanceUID", ""))
        ]
        wanted = query.keys.get("PatientID", "")
        return [one for one in found if _is_among(str(one.header.get("PatientID", "")), wanted)]

    def _rows(self, keys: Mapping[str, str]) -> list[SpooledObject]:
        """Return the objects that may be read, of the studies and series that are named."""
        now = clock.now()
        with self._spool.database.session() as session:
            rows = session.execute(
                select(SpooledObject, CachedStudy)
                .outerjoin(CachedStudy, CachedStudy.study_uid == SpooledObject.study_uid)
                .where(SpooledObject.state != SpoolState.STOPPED)
                .order_by(SpooledObject.id)
            ).all()
        return [
            row
            for row, study in rows
            if (row.state != SpoolState.CACHED or is_open(now, study))
            and (row.keep_until is None or row.keep_until > now)
            and _is_among(row.study_uid, keys.get("StudyInstanceUID", ""))
            and _is_among(row.series_uid, keys.get("SeriesInstanceUID", ""))
        ]

    def _group(self, row: SpooledObject, level: Level) -> str:
        if level is Level.PATIENT:
            return str(self._header(row)[0].get("PatientID", ""))
        names = {
            Level.STUDY: row.study_uid,
            Level.SERIES: row.series_uid,
            Level.IMAGE: row.sop_instance_uid,
        }
        return names[level]

    def _described(self, rows: list[SpooledObject], level: Level) -> Dataset:
        """Return the attributes of a group: those of its first object, and what is counted."""
        found = Dataset()
        found.update(self._header(rows[0])[0])
        for below, keyword in UNIQUE_KEYS.items():
            if below > level and keyword in found:
                del found[keyword]
        series = {row.series_uid: row for row in rows}
        if level is Level.SERIES:
            found.NumberOfSeriesRelatedInstances = len(rows)
        if level is Level.STUDY:
            found.NumberOfStudyRelatedInstances = len(rows)
            found.NumberOfStudyRelatedSeries = len(series)
            modalities = {str(self._header(row)[0].get("Modality", "")) for row in series.values()}
            found.ModalitiesInStudy = sorted(modalities - {""})
        return found

    def _header(self, row: SpooledObject) -> tuple[Dataset, str]:
        with self._reading:
            known = self._headers.get(row.id)
            if known is None:
                known = _read(self._spool.read(row))
                if len(self._headers) >= MOST_HEADERS:
                    self._headers.clear()
                self._headers[row.id] = known
            return known


def _read(data: bytes) -> tuple[Dataset, str]:
    whole = dcmread(BytesIO(data), stop_before_pixels=True, specific_tags=list(_KEYWORDS))
    header = Dataset()
    header.update(whole)
    header.decode()
    return header, str(whole.file_meta.TransferSyntaxUID)


def _is_among(value: str, wanted: str) -> bool:
    """Whether a unique key names a value; an empty one names all (PS3.4 C.2.2.2.2)."""
    return not wanted.strip(" *") or value in wanted.split("\\")


def _matches(found: Dataset, keyword: str, wanted: str) -> bool:
    """Whether an attribute matches a key (PS3.4 C.2.2.2)."""
    if not wanted.strip(" *"):
        return True
    element = found.get_item(keyword)
    if element is None:
        return False
    held = found[keyword]
    values = [held.value] if held.VM <= 1 else list(held.value)
    texts = [str(one) for one in values]
    if held.VR == "UI":
        return any(_is_among(one, wanted) for one in texts)
    if held.VR in ("DA", "TM"):
        return any(_in_range(one, wanted) for one in texts)
    if held.VR == "PN":
        texts = [group for one in texts for group in (one, *one.split("="))]
        name = wanted.lower().rstrip("^ ")
        return any(_is_like(one.lower().rstrip("^= "), name) for one in texts)
    return any(_is_like(one, part) for one in texts for part in wanted.split("\\"))


def _in_range(text: str, wanted: str) -> bool:
    first, dash, last = wanted.strip().partition("-")
    if not dash:
        return text.startswith(first)
    return (not first or text >= first) and (not last or text[: len(last)] <= last)


def _is_like(text: str, wanted: str) -> bool:
    return fnmatch.fnmatchcase(text, wanted.strip().replace("[", "[[]"))
