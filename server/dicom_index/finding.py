"""Queries of the index: one page of matches, each with the attributes of its levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydicom import Dataset
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from server.clock import CHINA
from server.dicom_index.attributes import Level, QueryError, attributes_of, matching_keys
from server.dicom_index.matching import Matcher
from server.model import Instance, Series, Study


@dataclass(frozen=True)
class Query:
    """What is asked for: the level, the keys by their paths (`attributes.Attribute.path`).

    A key that is empty matches everything. `limit` None is all.
    """

    level: Level
    keys: Mapping[str, str] = field(default_factory=dict)
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True)
class Match:
    """One match: the values of its attributes by their paths, and our numbers of what matched."""

    level: Level
    study_id: str
    series_id: str
    instance_id: int | None
    values: Mapping[str, Any]

    def dataset(self, *levels: Level) -> Dataset:
        """Return the attributes of these levels, all of the match's when none is named.

        An attribute without a value is there and empty; characters are UTF-8 (ISO_IR 192).
        """
        dataset = Dataset()
        dataset.SpecificCharacterSet = "ISO_IR 192"
        for level in levels or self.level.and_above:
            for attribute in attributes_of(level):
                value = self.values[attribute.path]
                item = _item(dataset, attribute.sequence) if attribute.sequence else dataset
                setattr(item, attribute.keyword, "" if value is None else value)
        return dataset


def find(session: Session, query: Query, visible: ColumnElement[bool]) -> list[Match]:
    """Return the matches of a page, newest examination first.

    `visible` is the condition on Study (and Series) for what may be seen. Raises QueryError for a
    key that is unknown at this level, or a value that is none.
    """
    chosen = _filtered(_columns(query.level), session, query, visible)
    rows = session.execute(
        chosen.order_by(*_order(query.level)).limit(query.limit).offset(query.offset)
    ).all()
    contents = _contents(session, {row.study_id for row in rows})
    return [_match(query.level, row._mapping, contents) for row in rows]


def count(session: Session, query: Query, visible: ColumnElement[bool]) -> int:
    """Return how many matches a query has on all its pages. Raises QueryError."""
    key = {Level.STUDY: Study.study_id, Level.SERIES: Series.series_id, Level.INSTANCE: Instance.id}
    rows = _filtered(_joined(select(key[query.level]), query.level), session, query, visible)
    return session.scalar(select(func.count()).select_from(rows.subquery())) or 0


def _columns(level: Level) -> Select[Any]:
    columns: list[Any] = [
        one.column.label(one.path)
        for above in level.and_above
        for one in attributes_of(above)
        if one.column is not None
    ]
    ids: list[Any] = [Study.study_id, Study.study_datetime]
    if level is not Level.STUDY:
        ids.append(Series.series_id)
    if level is Level.INSTANCE:
        columns.append(Instance.id.label("instance_id"))
    return _joined(select(*ids, *columns), level)


def _joined(chosen: Select[Any], level: Level) -> Select[Any]:
    chosen = chosen.select_from(Study)
    if level is not Level.STUDY:
        chosen = chosen.join(Series, Series.study_id == Study.study_id)
    if level is Level.INSTANCE:
        chosen = chosen.join(Instance, Instance.series_id == Series.series_id)
    return chosen


def _filtered(
    chosen: Select[Any], session: Session, query: Query, visible: ColumnElement[bool]
) -> Select[Any]:
    known = matching_keys(query.level)
    matcher = Matcher(session.get_bind().dialect.name)
    chosen = chosen.where(visible)
    for path, value in query.keys.items():
        if path not in known:
            raise QueryError(f"不能按此属性查询 / not a key of this level: {path[:80]}")
        chosen = chosen.where(matcher.condition(known[path], value))
    return chosen


def _order(level: Level) -> Sequence[ColumnElement[Any]]:
    order: list[ColumnElement[Any]] = [Study.study_datetime.desc(), Study.study_id.desc()]
    if level is not Level.STUDY:
        order += [Series.series_number.asc(), Series.series_id.asc()]
    if level is Level.INSTANCE:
        order += [Instance.instance_number.asc(), Instance.id.asc()]
    return order


@dataclass
class _Contents:
    """What a study holds: its modalities, and how much of each."""

    modalities: set[str] = field(default_factory=set)
    series: int = 0
    instances: int = 0


def _contents(session: Session, study_ids: set[str]) -> dict[str, _Contents]:
    found = {study_id: _Contents() for study_id in study_ids}
    rows = session.execute(
        select(
            Series.study_id,
            Series.modality,
            func.count(Series.series_id),
            func.sum(Series.instance_count),
        )
        .where(Series.study_id.in_(study_ids))
        .group_by(Series.study_id, Series.modality)
    )
    for study_id, modality, series, instances in rows:
        contents = found[study_id]
        contents.modalities.add(modality)
        contents.series += series
        contents.instances += int(instances or 0)
    return found


def _match(level: Level, row: Mapping[Any, Any], contents: Mapping[str, _Contents]) -> Match:
    held = contents[row["study_id"]]
    moment = row["study_datetime"].astimezone(CHINA)
    made = {
        "StudyDate": f"{moment:%Y%m%d}",
        "StudyTime": f"{moment:%H%M%S}",
        "ModalitiesInStudy": sorted(held.modalities),
        "NumberOfStudyRelatedSeries": held.series,
        "NumberOfStudyRelatedInstances": held.instances,
    }
    return Match(
        level,
        row["study_id"],
        row.get("series_id", ""),
        row.get("instance_id"),
        {**row, **made},
    )


def _item(dataset: Dataset, sequence: str) -> Dataset:
    if sequence not in dataset:
        setattr(dataset, sequence, [Dataset()])
    item: Dataset = dataset[sequence].value[0]
    return item
