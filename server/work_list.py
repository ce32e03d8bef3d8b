"""A doctor's work list: the studies his hospital's doctors may read, newest first.

Emergencies whose report is not reviewed yet stand before all others (C-41).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from server import launches, staff
from server.model import (
    Institution,
    Launch,
    Person,
    ProcessingState,
    Report,
    ReportStatus,
    Series,
    Study,
)
from server.reports import served_of
from server.study_conditions import examined_between, holds
from server.terms import body_part_label, modality_label, sex_label
from server.timeline import ReportState, page_mark, report_state, studies_after

if TYPE_CHECKING:
    from server.access import Grant

PAGE_LENGTH = 50
LONGEST_HISTORY = 500
EMERGENCY = "STAT"  # Requested Procedure Priority (0040,1003), PS3.3 C.4.11
AMONG_URGENT = "u."  # begins the mark of a page that ended among the urgent ones


@dataclass(frozen=True)
class WorkListFilter:
    """What narrows the list; empty values narrow nothing.

    `text` is part of a name, an accession number or a patient ID; the days are days in China, both
    included.
    """

    text: str = ""
    modality: str = ""
    since: date | None = None
    until: date | None = None
    modalities: frozenset[str] = frozenset()  # any of these


@dataclass(frozen=True)
class WorkListEntry:
    """One study to read. `study_datetime` is an instant in UTC."""

    study_id: str
    patient_name: str
    patient_id: str
    sex_label: str
    accession_number: str
    study_datetime: datetime
    modality: str
    modality_label: str
    body_part: str
    description: str
    institution_name: str
    series_count: int
    frame_count: int
    report_state: ReportState
    picture_state: ProcessingState
    emergency: bool


@dataclass(frozen=True)
class WorkListPage:
    """Some entries, and the mark with which the next page is asked for; None at the end."""

    entries: tuple[WorkListEntry, ...]
    next_page: str | None


def work_list(
    session: Session,
    grant: Grant,
    wanted: WorkListFilter,
    *,
    page: str | None = None,
    length: int = PAGE_LENGTH,
) -> WorkListPage:
    """Return a page of what the account of a grant may read just now: urgent ones, then newest.

    Raises timeline.PageMarkError for a mark that was not given out.
    """
    institution_id = (
        None if grant.account_id is None else staff.reads_for(session, grant.account_id)
    )
    if institution_id is None:
        return WorkListPage((), None)
    query = select(Study).where(_reach(session, grant, institution_id), *_conditions(wanted))
    urgent = _urgent_ones(session, query, page, length + 1)
    room = length + 1 - len(urgent)
    later = None if page is None or page.startswith(AMONG_URGENT) else page
    others = _some(session, query.where(not_(_is_urgent())), later, room) if room else []
    studies = [*urgent, *others]
    return WorkListPage(
        entries=tuple(_entry(study) for study in studies[:length]),
        next_page=_next_mark(studies, len(urgent), length),
    )


def _urgent_ones(
    session: Session, query: Select[Study], page: str | None, most: int
) -> list[Study]:
    """Return the urgent studies of a page; those of a page beyond them are none."""
    if page is not None and not page.startswith(AMONG_URGENT):
        return []
    after = None if page is None else page.removeprefix(AMONG_URGENT)
    return _some(session, query.where(_is_urgent()), after, most)


def _some(session: Session, query: Select[Study], after: str | None, most: int) -> list[Study]:
    if after is not None:
        query = query.where(studies_after(after))
    return list(session.scalars(_with_facts(query).limit(most)).unique())


def _next_mark(studies: list[Study], urgent: int, length: int) -> str | None:
    if len(studies) <= length:
        return None
    return f"{AMONG_URGENT if length <= urgent else ''}{page_mark(studies[length - 1])}"


def _is_urgent() -> ColumnElement[bool]:
    """Return the condition for emergencies of which no report is served (reports.served_of)."""
    newest = (
        select(func.max(Report.version))
        .where(Report.study_id == Study.study_id, Report.status != ReportStatus.DRAFT)
        .correlate(Study)
        .scalar_subquery()
    )
    served = select(Report.study_id).where(
        Report.study_id == Study.study_id,
        Report.status == ReportStatus.REVIEWED,
        Report.version == newest,
    )
    return and_(Study.priority == EMERGENCY, ~served.correlate(Study).exists())


def _reach(session: Session, grant: Grant, institution_id: int) -> ColumnElement[bool]:
    """Return the condition for what the list shows: in a launch, the launched patient's."""
    if grant.launch_id is None:
        return staff.readable(institution_id)
    return launches.shown_studies(session.get_one(Launch, grant.launch_id))


def history_of(
    session: Session,
    *,
    account_id: int,
    institution_id: int,
    person_id: int,
    encounter: str | None = None,
) -> tuple[WorkListEntry, ...]:
    """Return all studies of a person that a doctor may read just now, of every hospital (H-05)."""
    query = select(Study).where(
        Study.person_id == person_id, staff.readable_by(account_id, institution_id, encounter)
    )
    studies = session.scalars(_with_facts(query).limit(LONGEST_HISTORY)).unique().all()
    return tuple(_entry(study) for study in studies)


def modalities_of(session: Session, institution_id: int) -> tuple[str, ...]:
    """Return the modalities among what the doctors of an institution may read, in order."""
    found = session.scalars(
        select(func.distinct(Series.modality))
        .join(Study, Study.study_id == Series.study_id)
        .where(staff.readable(institution_id))
    )
    return tuple(sorted(found))


def _with_facts(query: Select[Study]) -> Select[Study]:
    return (
        query.join(Study.institution)
        .outerjoin(Study.person)
        .options(
            contains_eager(Study.institution).load_only(Institution.name),
            joinedload(Study.person).load_only(Person.name, Person.sex),
            selectinload(Study.series).load_only(Series.frame_count),
            selectinload(Study.reports).load_only(Report.study_id, Report.version, Report.status),
        )
        .order_by(Study.study_datetime.desc(), Study.study_id.desc())
    )


def _conditions(wanted: WorkListFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.text:
        conditions.append(_holds(wanted.text))
    if wanted.modality:
        conditions.append(Study.series.any(Series.modality == wanted.modality))
    if wanted.modalities:
        conditions.append(Study.series.any(Series.modality.in_(wanted.modalities)))
    return conditions + examined_between(wanted.since, wanted.until)


def _holds(text: str) -> ColumnElement[bool]:
    columns = (Study.patient_name, Study.accession_number, Study.patient_id, Person.name)
    return or_(*(holds(column, text) for column in columns))


def _entry(study: Study) -> WorkListEntry:
    person = study.person
    served = served_of(study.reports) is not None
    return WorkListEntry(
        study_id=study.study_id,
        patient_name=person.name if person is not None else study.patient_name,
        patient_id=study.patient_id,
        sex_label=sex_label((person.sex if person is not None else None) or study.patient_sex),
        accession_number=study.accession_number,
        study_datetime=study.study_datetime,
        modality=study.modality,
        modality_label=modality_label(study.modality),
        body_part=body_part_label(study.body_part),
        description=study.description,
        institution_name=study.institution.name,
        series_count=len(study.series),
        frame_count=sum(one.frame_count for one in study.series),
        report_state=report_state(study, served=served),
        picture_state=ProcessingState(study.state),
        emergency=study.priority == EMERGENCY,
    )
