"""QIDO-RS: from the parameters of a search to its page of matches (PS3.18 10.6, 8.3.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydicom import Dataset
from pydicom.datadict import keyword_for_tag, tag_for_keyword
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from server import dicom_index
from server.dicom_index import Level, Match, Query, QueryError
from server.dicomweb.metadata import Json, simple_json
from server.dicomweb.opening import open_header
from server.dicomweb.readers import Reader
from server.imaging.vault_file import open_object
from server.model import Instance, Series, Study

if TYPE_CHECKING:
    from server.cloud import ImageCloud

USUAL_LIMIT, MOST_LIMIT = 1000, 5000
MOST_WITH_HEADERS = 100  # matches of a page for which stored objects are looked into
LONGEST_VALUE = 4096
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_NOT_KEYS = frozenset({"limit", "offset", "fuzzymatching", "includefield", "accept", "charset"})
_FUZZY = "fuzzymatching is not supported; the exact matches are given"


@dataclass(frozen=True)
class Search:
    """A search that is understood: its query, what else to give, and what was not heeded."""

    query: Query
    levels: tuple[Level, ...]
    fields: tuple[str, ...] = ()
    all_fields: bool = False
    warnings: tuple[str, ...] = ()


@dataclass
class _Reading:
    keys: dict[str, str] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    limit: int = USUAL_LIMIT
    offset: int = 0
    all_fields: bool = False


def parse_search(
    level: Level,
    parameters: Iterable[tuple[str, str]],
    *,
    study_uid: str | None = None,
    series_uid: str | None = None,
) -> Search:
    """Read the parameters of a search; `study_uid` and `series_uid` are those of its address.

    A DICOM attribute that is no key here is passed over with a warning (PS3.4 C.2.2.1.3). Raises
    QueryError for what is no attribute, or no number.
    """
    read = _Reading()
    known = dicom_index.matching_keys(level)
    for name, value in parameters:
        if len(value) > LONGEST_VALUE:
            raise QueryError("参数过长 / a parameter is too long")
        if name.lower() in _NOT_KEYS:
            _read_option(read, name.lower(), value)
            continue
        path = attribute_path(name)
        if path in known:
            read.keys[path] = value
        else:
            read.warnings.append(f"{path} is not a matching key of this level; it was not heeded")
    given = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": series_uid}
    read.keys |= {path: uid for path, uid in given.items() if uid is not None}
    above = [one for one in level.and_above if one is not level]
    named = [one for one, uid in zip(above, (study_uid, series_uid), strict=False) if uid is None]
    return Search(
        Query(level, read.keys, read.limit, read.offset),
        (*named, level),
        tuple(dict.fromkeys(read.fields)),
        read.all_fields,
        tuple(read.warnings),
    )


def attribute_path(name: str) -> str:
    """Return the path of keywords of an attribute, named by keywords or tags joined by dots.

    Raises QueryError.
    """
    return ".".join(_keyword(step) for step in name.split("."))


def _keyword(step: str) -> str:
    if tag_for_keyword(step) is not None:
        return step
    keyword = keyword_for_tag(int(step, 16)) if _TAG.fullmatch(step) else ""
    if not keyword:
        shown = "".join(letter for letter in step if letter.isprintable())[:64]
        raise QueryError(f"不是 DICOM 属性 / not a DICOM attribute: {shown}")
    return keyword


def _read_option(read: _Reading, name: str, value: str) -> None:
    if name == "limit":
        read.limit = min(_whole(value), MOST_LIMIT)
    elif name == "offset":
        read.offset = _whole(value)
    elif name == "fuzzymatching":
        if value.lower() not in {"true", "false"}:
            raise QueryError("fuzzymatching 为 true 或 false / is true or false")
        read.warnings += [_FUZZY] if value.lower() == "true" else []
    elif name == "includefield":
        for one in filter(None, (part.strip() for part in value.split(","))):
            if one.lower() == "all":
                read.all_fields = True
            else:
                read.fields.append(attribute_path(one))


def _whole(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) < 10):
        raise QueryError("limit 和 offset 须为非负整数 / limit and offset are whole numbers")
    return int(value)


def visible_to(reader: Reader, level: Level) -> ColumnElement[bool]:
    """Return the condition for what of a level a reader may see."""
    if reader.visible_series is None:
        return reader.listed
    if level is not Level.STUDY:
        return and_(reader.listed, reader.visible_series)
    some = select(Series.series_id).where(Series.study_id == Study.study_id, reader.visible_series)
    return and_(reader.listed, some.exists())


@dataclass(frozen=True)
class Page:
    """A page of a search: its matches, and how many there are on all pages."""

    matches: list[Match]
    total: int


def find_page(session: Session, reader: Reader, search: Search) -> Page:
    """Return a page of what matches and may be seen. Raises QueryError."""
    visible = visible_to(reader, search.query.level)
    matches = dicom_index.find(session, search.query, visible) if search.query.limit else []
    return Page(matches, dicom_index.count(session, search.query, visible))


def page_json(
    cloud: ImageCloud, session: Session, search: Search, page: Page, base_url: str
) -> Iterator[Json]:
    """Yield the matches of a page with their addresses and the fields asked for.

    Fields outside the index are looked up in one stored object of each match, on the first
    `MOST_WITH_HEADERS` matches. Raises StorageError.
    """
    for place, match in enumerate(page.matches):
        dataset = match.dataset(*search.levels)
        dataset.InstanceAvailability = match.values["InstanceAvailability"]
        dataset.RetrieveURL = f"{base_url}/{_path(match)}"
        known = match.dataset()
        missing = [path for path in search.fields if path.partition(".")[0] not in known]
        for path in search.fields:
            keyword = path.partition(".")[0]
            if keyword in known:
                dataset[keyword] = known[keyword]
        if (missing or search.all_fields) and place < MOST_WITH_HEADERS:
            _add_fields(cloud, session, match, dataset, missing, search.all_fields)
        yield simple_json(dataset)


def _path(match: Match) -> str:
    steps = [f"studies/{match.values['StudyInstanceUID']}"]
    if match.level is not Level.STUDY:
        steps.append(f"series/{match.values['SeriesInstanceUID']}")
    if match.level is Level.INSTANCE:
        steps.append(f"instances/{match.values['SOPInstanceUID']}")
    return "/".join(steps)


# What `all` adds at the levels above the object: modules of patient, study, series and equipment.
_OF_ALL = {
    Level.STUDY: (
        "IssuerOfPatientID",
        "PatientAge",
        "PatientSize",
        "PatientWeight",
        "OtherPatientIDs",
        "ProcedureCodeSequence",
        "PhysiciansOfRecord",
        "NameOfPhysiciansReadingStudy",
        "AdmittingDiagnosesDescription",
    ),
    Level.SERIES: (
        "SeriesDate",
        "SeriesTime",
        "ProtocolName",
        "Laterality",
        "PatientPosition",
        "PerformingPhysicianName",
        "OperatorsName",
        "Manufacturer",
        "ManufacturerModelName",
        "InstitutionName",
        "InstitutionalDepartmentName",
        "StationName",
        "DeviceSerialNumber",
        "SoftwareVersions",
        "FrameOfReferenceUID",
    ),
}


def _add_fields(
    cloud: ImageCloud,
    session: Session,
    match: Match,
    dataset: Dataset,
    missing: list[str],
    everything: bool,
) -> None:
    header = _header_of(cloud, session, match)
    if header is None:
        return
    wanted = [path.partition(".")[0] for path in missing]
    if everything:
        wanted += [one for level in match.level.and_above for one in _OF_ALL.get(level, ())]
    for keyword in wanted:
        if keyword in header:
            dataset[keyword] = header[keyword]
    if everything and match.level is Level.INSTANCE:
        for element in header:
            if element.tag not in dataset:
                dataset.add(element)


def _header_of(cloud: ImageCloud, session: Session, match: Match) -> Dataset | None:
    """Return the header of one stored object of a match, without bulk data."""
    query = select(Instance).join(Series).where(Series.study_id == match.study_id)
    if match.series_id:
        query = query.where(Series.series_id == match.series_id)
    if match.instance_id is not None:
        query = query.where(Instance.id == match.instance_id)
    one = session.scalars(query.order_by(Instance.id).limit(1)).one_or_none()
    if one is None:
        return None
    key = session.get_one(Study, match.study_id).data_key
    with open_object(cloud.vault, key, one.object_key, one.size) as file:
        header = open_header(file).header
    header.walk(_without_bulk)
    return header


def _without_bulk(dataset: Dataset, element: object) -> None:
    value = getattr(element, "value", None)
    if isinstance(value, bytes) and len(value) > LONGEST_VALUE:
        del dataset[element.tag]  # type: ignore[attr-defined]
