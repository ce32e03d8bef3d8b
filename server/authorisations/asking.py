"""The doctor asks, the patient answers on his phone (A-35, E-32: APP confirmation)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from server import clock, people
from server.authorisations import notices, recording
from server.authorisations.errors import AuthorisationRefused, Refusal
from server.authorisations.evidence import ASSERTED, AppConfirmationEvidence
from server.authorisations.recording import Asked
from server.authorisations.terms import ALL_HISTORY, LIFETIMES, Scope, shown_state
from server.model import (
    Account,
    Authorisation,
    AuthorisationMethod,
    AuthorisationState,
    CarePurpose,
    Person,
    Role,
    ScopeKind,
    Study,
)

if TYPE_CHECKING:
    from server.cloud import ImageCloud

MOST_OPEN_REQUESTS = 20  # of one doctor, so that nobody rings at every phone
# The ways in which a request is written down first and answered later.
ANSWERED_LATER = ASSERTED | {AuthorisationMethod.APP_CONFIRMATION, AuthorisationMethod.SMS_CODE}


def request(
    cloud: ImageCloud,
    session: Session,
    *,
    account: Account,
    person: Person,
    purpose: CarePurpose = CarePurpose.OUTPATIENT,
    method: AuthorisationMethod = AuthorisationMethod.APP_CONFIRMATION,
    scope: Scope = ALL_HISTORY,
    encounter: str = "",
    source: str = "",
) -> Authorisation:
    """Ask a person, for a doctor's account, to open his history; he is told on his phone.

    `encounter` is the hospital's number of the present visit. Asking again while the same request
    waits gives that one. Raises AuthorisationRefused.
    """
    if method not in ANSWERED_LATER:
        raise AuthorisationRefused(Refusal.METHOD)
    asked = Asked(person, method, purpose, scope, encounter)
    waiting = _waiting(session, account.id)
    for one in waiting:
        same = (one.person_id, one.method, one.encounter) == (person.id, method, encounter)
        if same and one.answer_by > clock.now():
            return one
    if len(waiting) >= MOST_OPEN_REQUESTS:
        raise AuthorisationRefused(Refusal.TOO_MANY)
    made = recording.make(cloud, session, account, asked, source=source)
    if method is AuthorisationMethod.APP_CONFIRMATION:
        notices.tell_of_request(cloud, session, made)
    return made


def approve(
    session: Session,
    *,
    account: Account,
    authorisation_id: str,
    lifetime: timedelta = LIFETIMES[0],
    scope: Scope | None = None,
    source: str = "",
) -> Authorisation:
    """Approve a waiting request as the person it is about, or who has his family account.

    `scope` may narrow what was asked for. Raises AuthorisationRefused.
    """
    found = of_patient(session, account, authorisation_id)
    if lifetime not in LIFETIMES:
        raise AuthorisationRefused(Refusal.SCOPE)
    narrowed = scope or Scope(ScopeKind(found.scope_kind), found.scope_value)
    _check_scope(session, found, narrowed)
    recording.approve(
        session,
        found,
        AppConfirmationEvidence(account.id),
        actor=f"account:{account.id}",
        source=source,
        lifetime=lifetime,
        decided_by=account.id,
        method=AuthorisationMethod.APP_CONFIRMATION,
        scope_kind=narrowed.kind,
        scope_value=narrowed.value,
    )
    return found


def refuse(
    session: Session, *, account: Account, authorisation_id: str, source: str = ""
) -> Authorisation:
    """Refuse a waiting request as the patient. Raises AuthorisationRefused."""
    found = of_patient(session, account, authorisation_id)
    recording.refuse(session, found, account_id=account.id, source=source)
    return found


def withdraw(
    session: Session, *, account: Account, authorisation_id: str, source: str = ""
) -> Authorisation:
    """End an authorisation as the patient, at once. Raises AuthorisationRefused."""
    found = of_patient(session, account, authorisation_id)
    recording.withdraw(session, found, actor=f"account:{account.id}", source=source)
    return found


def of_patient(session: Session, account: Account, authorisation_id: str) -> Authorisation:
    """Return an authorisation about the patient or his family. Raises AuthorisationRefused."""
    found = session.get(Authorisation, authorisation_id)
    if found is None or found.person_id not in _persons(session, account):
        raise AuthorisationRefused(Refusal.NOT_YOURS)
    return found


def of_doctor(session: Session, account: Account, authorisation_id: str) -> Authorisation:
    """Return a doctor's own request. Raises AuthorisationRefused."""
    found = session.get(Authorisation, authorisation_id)
    if found is None or found.account_id != account.id:
        raise AuthorisationRefused(Refusal.NOT_YOURS)
    return found


def accept_notice(
    session: Session, *, account: Account, authorisation_id: str, source: str = ""
) -> Authorisation:
    """Record that a doctor accepted the warning before other hospitals' images (F-25).

    Twice is once. Raises AuthorisationRefused when the authorisation does not hold (any more).
    """
    found = of_doctor(session, account, authorisation_id)
    if shown_state(found) is not AuthorisationState.APPROVED:
        raise AuthorisationRefused(Refusal.ENDED)
    if found.notice_accepted_at is None:
        found.notice_accepted_at = clock.now()
        actor = f"account:{account.id}"
        recording.note(session, found, "authorisation.notice", actor=actor, source=source)
    return found


def authorisations_of_patient(session: Session, account: Account) -> Sequence[Authorisation]:
    """Return all requests and authorisations about a patient and his family, newest first."""
    wanted = select(Authorisation).where(Authorisation.person_id.in_(_persons(session, account)))
    return session.scalars(_newest_first(wanted)).all()


def requests_of_doctor(
    session: Session, account_id: int, limit: int = 50
) -> Sequence[Authorisation]:
    """Return what a doctor asked for, newest first."""
    wanted = select(Authorisation).where(Authorisation.account_id == account_id)
    return session.scalars(_newest_first(wanted).limit(limit)).all()


def pending_count(session: Session, account_id: int) -> int:
    """Return how many requests wait for a patient's answer on his phone."""
    account = session.get(Account, account_id)
    if account is None:
        return 0
    count = session.scalar(
        select(func.count()).where(
            Authorisation.person_id.in_(_persons(session, account)),
            Authorisation.state == AuthorisationState.REQUESTED,
            Authorisation.answer_by > clock.now(),
        )
    )
    return count or 0


def _newest_first(wanted: Select[Authorisation]) -> Select[Authorisation]:
    return wanted.options(
        joinedload(Authorisation.account).joinedload(Account.person),
        joinedload(Authorisation.institution),
        joinedload(Authorisation.person),
    ).order_by(Authorisation.requested_at.desc(), Authorisation.authorisation_id)


def _persons(session: Session, account: Account) -> frozenset[int]:
    if not account.active or account.role != Role.PATIENT:
        return frozenset()
    return people.visible_persons(session, account.person_id)


def _waiting(session: Session, account_id: int) -> Sequence[Authorisation]:
    return session.scalars(
        select(Authorisation).where(
            Authorisation.account_id == account_id,
            Authorisation.state == AuthorisationState.REQUESTED,
            Authorisation.answer_by > clock.now(),
        )
    ).all()


def _check_scope(session: Session, authorisation: Authorisation, scope: Scope) -> None:
    if scope.kind is ScopeKind.ALL:
        return
    if not scope.value:
        raise AuthorisationRefused(Refusal.SCOPE)
    if scope.kind is ScopeKind.STUDY:
        person = session.scalar(select(Study.person_id).where(Study.study_id == scope.value))
        if person != authorisation.person_id:
            raise AuthorisationRefused(Refusal.SCOPE)
