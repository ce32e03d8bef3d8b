"""What narrows the time line, and what there is to choose from (A-14)."""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from server.model import Institution, ProcessingState, Study
from server.study_conditions import examined_between, has_served_report, holds
from server.terms import (
    body_part_label,
    body_parts_labelled,
    body_parts_named,
    modalities_labelled,
    modality_label,
)

_MOST_WORDS = 6


class TimelineShow(enum.StrEnum):
    """The portal's views of the same examinations (A-48)."""

    ALL = ""
    IMAGES = "images"
    REPORTS = "reports"


@dataclass(frozen=True)
class TimelineFilter:
    """What narrows the list; empty values narrow nothing.

    `modality` and `body_part` are the words that people read (server.terms). Each word of `text`
    must be part of accession number, description, hospital or body part. The days are days in
    China, both included.
    """

    person_id: int | None = None
    institution_id: int | None = None
    modality: str = ""
    body_part: str = ""
    since: date | None = None
    until: date | None = None
    text: str = ""
    show: TimelineShow = TimelineShow.ALL


@dataclass(frozen=True)
class TimelineChoices:
    """What the examinations differ in: hospitals as (id, name), the others as words.

    `repeated` are the pairs of person and body part that were examined more than once (A-44).
    """

    institutions: tuple[tuple[int, str], ...]
    modalities: tuple[str, ...]
    body_parts: tuple[str, ...]
    repeated: frozenset[tuple[int | None, str]]


def conditions(wanted: TimelineFilter, *, review_gate: bool) -> list[ColumnElement[bool]]:
    """Return what of the filter the database is asked, but for the person."""
    found = examined_between(wanted.since, wanted.until)
    if wanted.institution_id is not None:
        found.append(Study.institution_id == wanted.institution_id)
    if wanted.modality:
        found.append(Study.modality.in_(modalities_labelled(wanted.modality)))
    if wanted.body_part:
        found.append(_body_part_in(body_parts_labelled(wanted.body_part)))
    if wanted.show is TimelineShow.REPORTS:
        found += [has_served_report(), Study.digital_film.is_(True)]
    elif wanted.show is TimelineShow.IMAGES:
        found.append(Study.state == ProcessingState.READY)
        found += [has_served_report()] if review_gate else []
    return found + [_says(word) for word in _words(wanted.text)]


def choices(session: Session, persons: Collection[int]) -> TimelineChoices:
    """Return what there is to choose from among the studies of these persons."""
    groups = session.execute(
        select(Study.person_id, Study.institution_id, Study.modality, Study.body_part, func.count())
        .where(Study.person_id.in_(persons))
        .group_by(Study.person_id, Study.institution_id, Study.modality, Study.body_part)
    ).all()
    hospitals = session.execute(
        select(Institution.id, Institution.name)
        .where(Institution.id.in_({group.institution_id for group in groups}))
        .order_by(Institution.name, Institution.id)
    )
    counted: dict[tuple[int | None, str], int] = {}
    for person_id, _, _, body_part, count in groups:
        key = (person_id, body_part_label(body_part))
        counted[key] = counted.get(key, 0) + count
    return TimelineChoices(
        institutions=tuple((one.id, one.name) for one in hospitals),
        modalities=_sorted(modality_label(group.modality) for group in groups),
        body_parts=_sorted(body_part_label(group.body_part) for group in groups),
        repeated=frozenset(key for key, count in counted.items() if count > 1 and key[1]),
    )


def _sorted(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({word for word in words if word}))


def _words(text: str) -> list[str]:
    """Return the words of a search, full-width letters made plain (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", text).split()[:_MOST_WORDS]


def _says(word: str) -> ColumnElement[bool]:
    return or_(
        holds(Study.accession_number, word),
        holds(Study.description, word),
        Study.institution.has(holds(Institution.name, word)),
        holds(Study.body_part, word),
        _body_part_in(body_parts_named(word)),
    )


def _body_part_in(terms: Collection[str]) -> ColumnElement[bool]:
    return func.upper(func.trim(Study.body_part)).in_(terms)
