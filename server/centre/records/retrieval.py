"""Who looked at studies, and who took them away: from the audit log (F-10) and the downloads."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import ColumnElement, String, cast, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from server.centre.records.wanted import Record, Wanted, masked
from server.model import Account, AuditEvent, Download, Institution, Person, Series, Study

LOOKED = ("pictures.view", "report.view", "dicom.view")
TAKEN = (
    "dicom.download",
    "report.download",
    "dicom.send.order",
    "film.print",
    "key_images.export",
    "download.create",
    "download.complete",
)
_OWN = "account:"


def retrievals(session: Session, wanted: Wanted, most: int | None) -> Iterator[Record]:
    """Yield the openings of studies (调阅记录)."""
    return _of_events(session, wanted, most, LOOKED)


def downloads(session: Session, wanted: Wanted, most: int | None) -> Iterator[Record]:
    """Yield what was taken away of studies (下载记录)."""
    return _of_events(session, wanted, most, TAKEN)


def actor_is(account: type[Account]) -> ColumnElement[bool]:
    """Return the condition that an entry of the log was made by an account."""
    return AuditEvent.actor == literal(_OWN) + cast(account.id, String)


def _of_events(
    session: Session, wanted: Wanted, most: int | None, events: Collection[str]
) -> Iterator[Record]:
    reader = aliased(Institution)
    owner = aliased(Institution)
    query = (
        select(AuditEvent, Account.login, Study, Person.name, reader.name, owner.name)
        .outerjoin(Series, Series.series_id == AuditEvent.object_id)
        .outerjoin(Download, Download.download_id == AuditEvent.object_id)
        .join(
            Study,
            Study.study_id
            == func.coalesce(Series.study_id, Download.study_id, AuditEvent.object_id),
        )
        .join(owner, owner.id == Study.institution_id)
        .outerjoin(Account, actor_is(Account))
        .outerjoin(reader, reader.id == Account.institution_id)
        .outerjoin(Person, Person.id == Study.person_id)
        .where(
            AuditEvent.event.in_(events),
            AuditEvent.result == "success",
            AuditEvent.time >= wanted.period.start,
            AuditEvent.time < wanted.period.end,
        )
        .order_by(AuditEvent.sequence.desc())
        .limit(most)
    )
    if wanted.institution_id is not None:
        own = wanted.institution_id
        query = query.where(or_(Account.institution_id == own, Study.institution_id == own))
    if wanted.person_id is not None:
        query = query.where(Study.person_id == wanted.person_id)
    for entry, login, study, person, reading, owning in session.execute(query):
        yield Record(
            time=entry.time,
            institution=reading or owning,
            person=masked(person, study.patient_name),
            what=f"{study.modality} {study.body_part}".strip(),
            who=login if reading else entry.actor,
            state=entry.event,
            reference=study.study_id,
        )
