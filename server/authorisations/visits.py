"""Who looked at my images (F-41): read from the audit log, one entry an opening.

The log is the record (F-10); nothing is kept a second time for this page.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, String, cast, literal, select
from sqlalchemy.orm import Session, joinedload

from server import people
from server.model import (
    Account,
    AuditEvent,
    Authorisation,
    AuthorisationMethod,
    Role,
    Series,
    Share,
    Study,
)

PAGE_LENGTH = 20
# What opens, takes away or sends something of a study, by the names of the audit log.
OPENINGS = (
    "pictures.view",
    "report.view",
    "dicom.view",
    "report.download",
    "dicom.download",
    "dicom.send.order",
    "film.print",
    "key_images.export",
)
_ACCOUNT = "account:"
_SHARE = "share:"


class Way(enum.StrEnum):
    """By which right somebody looked."""

    SELF = "self"
    FAMILY = "family"
    SHARE = "share"
    OWN_HOSPITAL = "own_hospital"
    AUTHORISED = "authorised"
    EMERGENCY = "emergency"
    OTHER = "other"


class Whom(enum.StrEnum):
    """What the list is narrowed to."""

    ALL = "all"
    DOCTORS = "doctors"
    SHARES = "shares"
    OWN = "own"


@dataclass(frozen=True)
class Visit:
    """One opening. `reader` is the account that looked, `recipient` a share's label."""

    sequence: int
    time: datetime
    event: str
    study: Study
    way: Way
    reader: Account | None
    recipient: str


@dataclass(frozen=True)
class VisitsPage:
    """Some openings, newest first, and the number before which the next page begins."""

    visits: tuple[Visit, ...]
    next_before: int | None


def visits_page(
    session: Session,
    account: Account,
    *,
    whom: Whom = Whom.ALL,
    before: int | None = None,
    length: int = PAGE_LENGTH,
) -> VisitsPage:
    """Return who opened the studies of a patient and his family, newest first."""
    if account.role != Role.PATIENT:
        return VisitsPage((), None)
    persons = people.visible_persons(session, account.person_id)
    wanted = select(AuditEvent).where(
        AuditEvent.event.in_(OPENINGS),
        AuditEvent.result == "success",
        _about(persons),
        *_narrowed(whom),
    )
    if before is not None:
        wanted = wanted.where(AuditEvent.sequence < before)
    found = session.scalars(wanted.order_by(AuditEvent.sequence.desc()).limit(length + 1)).all()
    shown = found[:length]
    more = len(found) > length
    return VisitsPage(_told(session, account, shown), shown[-1].sequence if more else None)


def _about(persons: frozenset[int]) -> ColumnElement[bool]:
    studies = select(Study.study_id).where(Study.person_id.in_(persons))
    series = (
        select(Series.series_id)
        .join(Study, Study.study_id == Series.study_id)
        .where(Study.person_id.in_(persons))
    )
    return AuditEvent.object_id.in_(studies.union_all(series))


def _narrowed(whom: Whom) -> Sequence[ColumnElement[bool]]:
    patients = select(literal(_ACCOUNT) + cast(Account.id, String)).where(
        Account.role == Role.PATIENT
    )
    return {
        Whom.ALL: (),
        Whom.SHARES: (AuditEvent.actor_kind == "recipient",),
        Whom.OWN: (AuditEvent.actor.in_(patients),),
        Whom.DOCTORS: (AuditEvent.actor_kind == "account", AuditEvent.actor.not_in(patients)),
    }[whom]


def _told(session: Session, account: Account, entries: Sequence[AuditEvent]) -> tuple[Visit, ...]:
    studies = _studies(session, {one.object_id for one in entries})
    readers = _readers(session, entries)
    shares = _shares(session, entries)
    told = []
    for one in entries:
        study = studies[one.object_id]
        reader = readers.get(one.actor)
        share = shares.get(one.actor)
        told.append(
            Visit(
                sequence=one.sequence,
                time=one.time,
                event=one.event,
                study=study,
                way=_way(session, account, one, study, reader),
                reader=reader,
                recipient=share.recipient if share is not None else "",
            )
        )
    return tuple(told)


def _studies(session: Session, object_ids: set[str]) -> dict[str, Study]:
    found = session.scalars(
        select(Study)
        .where(Study.study_id.in_(object_ids))
        .options(joinedload(Study.institution), joinedload(Study.person))
    )
    studies = {one.study_id: one for one in found}
    series = session.execute(
        select(Series.series_id, Series.study_id).where(Series.series_id.in_(object_ids))
    )
    for one in series:
        studies[one.series_id] = session.get_one(Study, one.study_id)
    return studies


def _readers(session: Session, entries: Sequence[AuditEvent]) -> dict[str, Account]:
    numbers = {
        int(one.actor.removeprefix(_ACCOUNT))
        for one in entries
        if one.actor.startswith(_ACCOUNT) and one.actor.removeprefix(_ACCOUNT).isdecimal()
    }
    found = session.scalars(
        select(Account)
        .where(Account.id.in_(numbers))
        .options(joinedload(Account.institution), joinedload(Account.person))
    )
    return {f"{_ACCOUNT}{one.id}": one for one in found}


def _shares(session: Session, entries: Sequence[AuditEvent]) -> dict[str, Share]:
    ids = {one.actor.removeprefix(_SHARE) for one in entries if one.actor.startswith(_SHARE)}
    found = session.scalars(select(Share).where(Share.share_id.in_(ids)))
    return {f"{_SHARE}{one.share_id}": one for one in found}


def _way(
    session: Session, account: Account, entry: AuditEvent, study: Study, reader: Account | None
) -> Way:
    if entry.actor.startswith(_SHARE):
        return Way.SHARE
    if reader is None:
        return Way.OTHER
    if reader.role == Role.PATIENT:
        return Way.SELF if reader.person_id == account.person_id else Way.FAMILY
    if reader.institution_id == study.institution_id:
        return Way.OWN_HOSPITAL
    method = session.scalar(
        select(Authorisation.method)
        .where(
            Authorisation.account_id == reader.id,
            Authorisation.person_id == study.person_id,
            Authorisation.decided_at <= entry.time,
            Authorisation.expires_at > entry.time,
        )
        .order_by(Authorisation.decided_at.desc())
        .limit(1)
    )
    if method is None:
        return Way.OTHER
    return Way.EMERGENCY if method == AuthorisationMethod.EMERGENCY else Way.AUTHORISED
