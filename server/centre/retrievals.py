"""How often institutions retrieve, what share of what is stored, and their daily limit (D-17)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from server import audit
from server.access import Grant, GrantKind
from server.authorisations import live
from server.centre.acting import Actor
from server.centre.institutions import find
from server.centre.period import Period, period
from server.centre.records.retrieval import LOOKED, actor_is
from server.model import (
    Account,
    AuditEvent,
    Authorisation,
    AuthorisationMethod,
    Institution,
    Role,
    Series,
    Study,
)

DAILY_LIMIT = "daily_retrievals"  # in Institution.settings; absent: no limit
HIGHEST_LIMIT = 1_000_000


@dataclass(frozen=True)
class RetrievalRow:
    """One institution in a period: how often its staff opened studies, how many different ones,
    how many of them another institution made, how many studies it stored itself and how many of
    these anybody opened."""

    institution: Institution
    openings: int
    studies: int
    foreign: int
    stored: int
    stored_opened: int
    limit: int | None


class LimitError(ValueError):
    """This is no limit."""


def rows(session: Session, days: Period, institution_id: int | None = None) -> list[RetrievalRow]:
    """Return the statistics of each institution."""
    hospitals = select(Institution).order_by(Institution.code)
    if institution_id is not None:
        hospitals = hospitals.where(Institution.id == institution_id)
    return [_row(session, one, days) for one in session.scalars(hospitals)]


def limit_of(institution: Institution) -> int | None:
    """Return how many openings a day an institution has; None for no limit."""
    value = institution.settings.get(DAILY_LIMIT)
    return value if isinstance(value, int) else None


def set_limit(session: Session, actor: Actor, institution_id: int, limit: int | None) -> None:
    """Set or lift an institution's daily limit, audited. Raises LimitError, OutOfReachError."""
    if limit is not None and not 0 < limit <= HIGHEST_LIMIT:
        raise LimitError
    found = find(session, actor, institution_id)
    kept = {name: value for name, value in found.settings.items() if name != DAILY_LIMIT}
    found.settings = kept if limit is None else kept | {DAILY_LIMIT: limit}
    actor.note(
        session, "retrieval.limit", "institution", str(institution_id), {"limit": limit or 0}
    )


def refuses(session: Session, account: Account, study: Study) -> bool:
    """Whether a doctor may not open a study just now, because his institution opened as many of
    other hospitals' today as it may (调阅频次控制).

    Its own studies and emergencies are never refused: nobody's care waits for a number.
    """
    hospital = account.institution
    limit = None if hospital is None else limit_of(hospital)
    if hospital is None or limit is None or study.institution_id == hospital.id:
        return False
    if _is_emergency(session, account, study):
        return False
    return _foreign_openings(session, hospital.id, period(days=1)) >= limit


def refuses_program(session: Session, grant: Grant, study: Study) -> bool:
    """Whether a doctor's program may not fetch a study just now, as `refuses` says of his page;
    what he opened today already stays open, for a study is fetched object by object."""
    account = _reader(session, grant)
    if account is None or _has_opened(session, account.id, study):
        return False
    return refuses(session, account, study)


def note_opening(session: Session, grant: Grant, study: Study, *, source: str) -> None:
    """Record that a doctor opened a study by a program; once a day, however much is fetched."""
    account = _reader(session, grant)
    if account is None or _has_opened(session, account.id, study):
        return
    audit.record(
        session,
        actor_kind="account",
        actor=f"account:{account.id}",
        event="dicom.view",
        object_kind="study",
        object_id=study.study_id,
        source=source,
        detail={"door": "dicomweb", "launch": grant.launch_id or ""},
    )


def _reader(session: Session, grant: Grant) -> Account | None:
    """Return the doctor of a grant; None where it is a patient's or a share's."""
    if grant.kind is not GrantKind.STAFF or grant.account_id is None:
        return None
    return session.get(Account, grant.account_id)


def _has_opened(session: Session, account_id: int, study: Study) -> bool:
    opened = _opened(period(days=1)).where(
        Account.id == account_id, Study.study_id == study.study_id
    )
    return session.execute(opened.limit(1)).first() is not None


def _is_emergency(session: Session, account: Account, study: Study) -> bool:
    wanted = select(Authorisation.authorisation_id).where(
        Authorisation.account_id == account.id,
        Authorisation.person_id == study.person_id,
        Authorisation.method == AuthorisationMethod.EMERGENCY,
        live.is_live(),
    )
    return session.scalars(wanted.limit(1)).first() is not None


def _opened(days: Period) -> Select[str, int]:
    """Select study and owner of each opening by an account in a period."""
    return (
        select(Study.study_id, Study.institution_id)
        .select_from(AuditEvent)
        .join(Account, actor_is(Account))
        .outerjoin(Series, Series.series_id == AuditEvent.object_id)
        .join(Study, Study.study_id == func.coalesce(Series.study_id, AuditEvent.object_id))
        .where(
            AuditEvent.event.in_(LOOKED),
            AuditEvent.result == "success",
            AuditEvent.time >= days.start,
            AuditEvent.time < days.end,
        )
    )


def _foreign_openings(session: Session, institution_id: int, days: Period) -> int:
    opened = _opened(days).where(
        Account.institution_id == institution_id,
        Account.role == Role.DOCTOR,
        Study.institution_id != institution_id,
    )
    return session.scalar(select(func.count()).select_from(opened.subquery())) or 0


def _row(session: Session, one: Institution, days: Period) -> RetrievalRow:
    opened = _opened(days)
    of_staff = session.execute(
        opened.where(Account.institution_id == one.id, Account.role == Role.DOCTOR)
    ).all()
    of_own = session.execute(opened.where(Study.institution_id == one.id).distinct()).all()
    stored = session.scalar(
        select(func.count(Study.study_id)).where(Study.institution_id == one.id)
    )
    return RetrievalRow(
        institution=one,
        openings=len(of_staff),
        studies=len({study for study, _owner in of_staff}),
        foreign=len({study for study, owner in of_staff if owner != one.id}),
        stored=stored or 0,
        stored_opened=len({study for study, _owner in of_own}),
        limit=limit_of(one),
    )
