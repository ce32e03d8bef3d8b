"""The time line: a person's examinations, newest first, across hospitals and provinces (A-14 …)."""

from __future__ import annotations

import base64
import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, false, or_, select, union_all
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from server import clock, people, timeline_filter
from server.access import Action, Grant, GrantKind
from server.model import (
    Account,
    Person,
    ProcessingState,
    Report,
    ReportStatus,
    Study,
)
from server.regions import in_province
from server.reports import served_of
from server.terms import body_part_label, modality_label
from server.timeline_filter import TimelineChoices, TimelineFilter

if TYPE_CHECKING:
    from server.cloud import ImageCloud

PAGE_LENGTH = 20
_NEWEST_FIRST = (Study.study_datetime.desc(), Study.study_id.desc())


class ReportState(enum.StrEnum):
    """What the time line says of a study's report."""

    NONE = "none"
    PENDING = "pending"
    REVIEWED = "reviewed"
    WITHDRAWN = "withdrawn"


class ClosedReason(enum.StrEnum):
    """Why an entry does not open (A-16)."""

    NOT_REVIEWED = "not_reviewed"
    PREPARING = "preparing"
    FAILED = "failed"


@dataclass(frozen=True)
class TimelineEntry:
    """One examination. `study_datetime` is an instant in UTC; `openable` is about pictures."""

    study_id: str
    person_id: int | None
    person_name: str
    study_datetime: datetime
    institution_name: str
    province_name: str
    out_of_province: bool
    modality: str
    modality_label: str
    body_part: str
    description: str
    accession_number: str
    report_state: ReportState
    report_openable: bool
    digital_film: bool
    picture_state: ProcessingState
    openable: bool
    reason: ClosedReason | None


@dataclass(frozen=True)
class TimelinePage:
    """Some entries, and the mark with which the next page is asked for; None at the end."""

    entries: tuple[TimelineEntry, ...]
    next_page: str | None


class PageMarkError(ValueError):
    """The mark of a page is none that was given out."""


def timeline_page(
    cloud: ImageCloud,
    session: Session,
    grant: Grant,
    wanted: TimelineFilter | None = None,
    *,
    page: str | None = None,
    length: int = PAGE_LENGTH,
) -> TimelinePage:
    """Return a page of the studies a grant covers just now, newest first (A-09, A-10, A-14).

    `wanted` narrows it; a person who is none of the grant's gives an empty page. Pages go by
    (time, id), so a late page costs what the first does. Raises PageMarkError.
    """
    wanted = wanted or TimelineFilter()
    narrowing = timeline_filter.conditions(wanted, review_gate=cloud.settings.review_gate)
    if page is not None:
        narrowing.append(studies_after(page))
    studies = session.scalars(
        select(Study)
        .where(_among(_covered(session, grant, wanted.person_id), narrowing, length + 1))
        .join(Study.institution)
        .options(
            contains_eager(Study.institution),
            joinedload(Study.person),
            selectinload(Study.reports).load_only(Report.study_id, Report.version, Report.status),
        )
        .order_by(*_NEWEST_FIRST)
        .limit(length + 1)
        .execution_options(populate_existing=True)
    ).all()
    shown = studies[:length]
    more = len(studies) > length
    return TimelinePage(
        entries=tuple(_entry(cloud, grant, study) for study in shown),
        next_page=page_mark(shown[-1]) if more else None,
    )


def choices_of(session: Session, grant: Grant, person_id: int | None = None) -> TimelineChoices:
    """Return what the time line of a patient's grant can be narrowed to."""
    persons = _live_persons(session, grant)
    return timeline_filter.choices(session, persons if person_id is None else persons & {person_id})


def persons_of(session: Session, grant: Grant) -> Sequence[Person]:
    """Return the persons between whom a patient switches: himself first, then family (A-09)."""
    own = session.scalar(select(Account.person_id).where(Account.id == grant.account_id))
    visible = _live_persons(session, grant)
    found = session.scalars(select(Person).where(Person.id.in_(visible)))
    return sorted(found, key=lambda person: (person.id != own, person.id))


def _live_persons(session: Session, grant: Grant) -> frozenset[int]:
    if grant.kind is not GrantKind.PATIENT or grant.expires_at <= clock.now():
        return frozenset()
    account = session.execute(
        select(Account.active, Account.person_id).where(Account.id == grant.account_id)
    ).one_or_none()
    if account is None or not account.active:
        return frozenset()
    return people.visible_persons(session, account.person_id) & grant.person_ids


def _covered(session: Session, grant: Grant, person_id: int | None) -> list[ColumnElement[bool]]:
    """Return one condition a part of what the grant covers; none where it covers nothing."""
    if grant.kind is GrantKind.SHARE:
        return []  # a share is one study's page; there is no list to wander in
    if grant.kind is GrantKind.STAFF:
        # A doctor's list is server.work_list.
        return [Study.study_id.in_(grant.study_ids)] if grant.study_ids else []
    persons = _live_persons(session, grant)
    if person_id is not None:
        persons &= {person_id}
    return [Study.person_id == one for one in sorted(persons)]


def _among(
    parts: Collection[ColumnElement[bool]], narrowing: list[ColumnElement[bool]], most: int
) -> ColumnElement[bool]:
    """Return the condition for the newest `most` studies of each part.

    The index has each person's studies in order, but not those of several persons: asked for them
    together, a database reads and sorts all of them for every page.
    """
    newest = [
        select(Study.study_id)
        .where(part, *narrowing)
        .order_by(*_NEWEST_FIRST)
        .limit(most)
        .subquery()
        for part in parts
    ]
    if not newest:
        return false()
    return Study.study_id.in_(union_all(*(select(one.c.study_id) for one in newest)))


def _entry(cloud: ImageCloud, grant: Grant, study: Study) -> TimelineEntry:
    institution = study.institution
    served = served_of(study.reports) is not None
    reason = _closed_reason(study, gate_passed=served or not cloud.settings.review_gate)
    return TimelineEntry(
        study_id=study.study_id,
        person_id=study.person_id,
        person_name=study.person.name if study.person is not None else study.patient_name,
        study_datetime=study.study_datetime,
        institution_name=institution.name,
        province_name=institution.province_name,
        out_of_province=not in_province(cloud.settings.region_code, institution.province_code),
        modality=study.modality,
        modality_label=modality_label(study.modality),
        body_part=body_part_label(study.body_part),
        description=study.description,
        accession_number=study.accession_number,
        report_state=report_state(study, served=served),
        report_openable=served and study.digital_film and Action.VIEW_REPORT in grant.actions,
        digital_film=study.digital_film,
        picture_state=ProcessingState(study.state),
        openable=reason is None and Action.VIEW_PICTURES in grant.actions,
        reason=reason,
    )


def _closed_reason(study: Study, *, gate_passed: bool) -> ClosedReason | None:
    if not gate_passed:
        return ClosedReason.NOT_REVIEWED
    if study.state == ProcessingState.PENDING:
        return ClosedReason.PREPARING
    return ClosedReason.FAILED if study.state == ProcessingState.FAILED else None


def report_state(study: Study, *, served: bool) -> ReportState:
    """Return what a list says of a study's report."""
    if served:
        return ReportState.REVIEWED
    if not study.reports:
        return ReportState.NONE
    newest = max(study.reports, key=lambda report: report.version)
    withdrawn = newest.status == ReportStatus.WITHDRAWN
    return ReportState.WITHDRAWN if withdrawn else ReportState.PENDING


def page_mark(study: Study) -> str:
    """Return the mark with which the page after `study` is asked for."""
    text = f"{study.study_datetime.isoformat()} {study.study_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def studies_after(mark: str) -> ColumnElement[bool]:
    """Return the condition for the studies of later pages. Raises PageMarkError."""
    last, study_id = _read_mark(mark)
    return or_(
        Study.study_datetime < last,
        and_(Study.study_datetime == last, Study.study_id < study_id),
    )


def marked_instant(mark: str) -> datetime:
    """Return when the last study before the page of a mark was made. Raises PageMarkError."""
    return _read_mark(mark)[0]


def _read_mark(mark: str) -> tuple[datetime, str]:
    try:
        text = base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)).decode()
        time, _, study_id = text.partition(" ")
        last = datetime.fromisoformat(time)
        if last.tzinfo is None or not study_id.isprintable():
            raise PageMarkError(mark)
        return last.astimezone(UTC), study_id
    except (ValueError, OverflowError) as error:
        raise PageMarkError(mark) from error
