"""Searches in what a caller may see: SQL narrows down, the matching rules decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, cast

from pydicom import Dataset
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from server.clock import CHINA
from server.finding.attributes import ATTRIBUTES, Attribute, Entity, Level
from server.finding.rules import WILDCARDS, Kind, MatchingKeyError, bounds, is_universal, matches
from server.model import Instance, Series, Study

_BATCH = 200
_ORDER = {
    Level.PATIENT: (Study.patient_id, Study.study_datetime.desc(), Study.study_id),
    Level.STUDY: (Study.study_datetime.desc(), Study.study_id),
    Level.SERIES: (Study.study_id, Series.series_number, Series.series_id),
    Level.IMAGE: (Study.study_id, Series.series_number, Series.series_id, Instance.id),
}


@dataclass(frozen=True)
class Query:
    """What is asked for: a level and keys, keyword to matching text; "" is universal matching.

    `limit` None is all; `offset` leaves out the first ones.
    """

    level: Level
    keys: Mapping[str, str] = field(default_factory=dict)
    limit: int | None = None
    offset: int = 0


def find(session: Session, query: Query, visible: ColumnElement[bool]) -> Iterator[Dataset]:
    """Yield one data set (UTF-8) for each entity that fits all keys, of studies that are `visible`.

    It holds every attribute of `ATTRIBUTES` of its level and those above, and the numbers of what
    is below. Keys that are not in `ATTRIBUTES` are not matched (PS3.4 C.2.2.1.3). The newest study
    comes first. Raises MatchingKeyError for keys that cannot be understood.
    """
    entities = _entities(session, query, visible)
    if query.level is Level.PATIENT:
        entities = _first_of_patients(entities)
    end = None if query.limit is None else query.offset + query.limit
    for entity in islice(entities, query.offset, end):
        yield _answer(session, visible, query.level, entity)


def instances(session: Session, query: Query, visible: ColumnElement[bool]) -> list[Instance]:
    """Return all objects of the entities that fit, in order of series and arrival.

    Raises MatchingKeyError.
    """
    deeper = Query(Level.IMAGE, query.keys)
    found = _entities(session, deeper, visible)
    return [one.instance for one in found if one.instance is not None]


def _first_of_patients(entities: Iterator[Entity]) -> Iterator[Entity]:
    seen: set[str] = set()
    for entity in entities:
        if entity.study.patient_id not in seen:
            seen.add(entity.study.patient_id)
            yield entity


def _entities(session: Session, query: Query, visible: ColumnElement[bool]) -> Iterator[Entity]:
    keys = {
        keyword: text
        for keyword, text in query.keys.items()
        if keyword in ATTRIBUTES
        and ATTRIBUTES[keyword].level <= query.level
        and not is_universal(text)
    }
    statement = _statement(query.level).where(visible)
    for keyword, text in keys.items():
        condition = _condition(ATTRIBUTES[keyword], keyword, text)
        statement = statement if condition is None else statement.where(condition)
    statement = statement.order_by(*_ORDER[query.level])
    for row in session.execute(statement.execution_options(yield_per=_BATCH)):
        entity = Entity(*row)
        if all(
            matches(ATTRIBUTES[keyword].kind, text, ATTRIBUTES[keyword].text(entity))
            for keyword, text in keys.items()
        ):
            yield entity


def _statement(level: Level) -> Any:
    if level <= Level.STUDY:
        return select(Study)
    if level is Level.SERIES:
        return select(Study, Series).join(Series, Series.study_id == Study.study_id)
    return (
        select(Study, Series, Instance)
        .join(Series, Series.study_id == Study.study_id)
        .join(Instance, Instance.series_id == Series.series_id)
    )


def _condition(attribute: Attribute, keyword: str, key: str) -> ColumnElement[bool] | None:
    """Return what certainly holds of each fitting row; None when SQL cannot help."""
    if keyword == "StudyDate":
        return _dates(key)
    column = attribute.column
    if column is None:
        return None
    if attribute.kind is Kind.UID:
        return cast(ColumnElement[bool], column.in_(key.split("\\")))
    if attribute.kind is Kind.NUMBER:
        return None
    if attribute.kind is Kind.NAME:
        return _names(column, key)
    if WILDCARDS.isdisjoint(key):
        return cast(ColumnElement[bool], column == key.strip())
    return func.lower(column).like(_pattern(key), escape="/")


def _names(column: Any, key: str) -> ColumnElement[bool] | None:
    group = next((one for one in key.split("=") if one.strip(" ^")), "").strip(" ^")
    if not group.isascii() and group.lower() != group.upper():
        return None  # databases do not agree about other letters' case
    like = func.lower(column).like(f"%{_pattern(group)}%", escape="/")
    return or_(like, column == "")  # what came before names were kept as they are written


def _pattern(key: str) -> str:
    escaped = key.strip().lower()
    for letter in "/%_":
        escaped = escaped.replace(letter, f"/{letter}")
    return escaped.replace("*", "%").replace("?", "_")


def _dates(key: str) -> ColumnElement[bool]:
    first, last = bounds(Kind.DATE, key)
    condition: ColumnElement[bool] = Study.study_datetime.is_not(None)
    if first:
        condition &= Study.study_datetime >= _midnight(first)
    if last:
        condition &= Study.study_datetime < _midnight(last) + timedelta(days=1)
    return condition


def _midnight(date: str) -> datetime:
    try:
        return datetime.strptime(date, "%Y%m%d").replace(tzinfo=CHINA)
    except ValueError as error:
        raise MatchingKeyError("a date does not exist") from error


def _answer(
    session: Session, visible: ColumnElement[bool], level: Level, entity: Entity
) -> Dataset:
    answer = Dataset()
    answer.SpecificCharacterSet = "ISO_IR 192"
    for keyword, attribute in ATTRIBUTES.items():
        if attribute.level <= level:
            text = attribute.text(entity)
            setattr(answer, keyword, text.split("\\") if "\\" in text else text or None)
    for keyword, number in _counts(session, visible, level, entity).items():
        setattr(answer, keyword, number)
    return answer


def _counts(
    session: Session, visible: ColumnElement[bool], level: Level, entity: Entity
) -> dict[str, int]:
    study = entity.study
    if level is Level.PATIENT:
        studies = select(func.count(Study.study_id)).where(
            visible, Study.patient_id == study.patient_id
        )
        return {"NumberOfPatientRelatedStudies": session.scalar(studies) or 0}
    if level is not Level.STUDY:
        return {}
    counted = session.execute(
        select(func.count(Series.series_id), func.sum(Series.instance_count)).where(
            Series.study_id == study.study_id
        )
    ).one()
    return {
        "NumberOfStudyRelatedSeries": int(counted[0]),
        "NumberOfStudyRelatedInstances": int(counted[1] or 0),
    }
