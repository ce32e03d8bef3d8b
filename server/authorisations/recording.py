"""Writing authorisations: the one place where they are made and change their state.

Each change is conditional on the state before it, in one statement: two answers at once are one
answer. Each is audited, and what was consented goes to the index-sharing module (E-33).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from server import audit, clock, outbox
from server.authorisations import evidence as evidence_types
from server.authorisations.errors import AuthorisationRefused, Refusal
from server.authorisations.evidence import Evidence
from server.authorisations.terms import ALL_HISTORY, ANSWER_WITHIN, LONGEST_ENCOUNTER, Scope
from server.model import (
    Account,
    Authorisation,
    AuthorisationMethod,
    AuthorisationState,
    CarePurpose,
    Person,
    ReviewState,
    Role,
)

if TYPE_CHECKING:
    from server.cloud import ImageCloud

OUTBOX_KIND = "consent"


@dataclass(frozen=True)
class Asked:
    """What a doctor asks for: whose history, why, by which way, how much, in which visit."""

    person: Person
    method: AuthorisationMethod
    purpose: CarePurpose = CarePurpose.OUTPATIENT
    scope: Scope = ALL_HISTORY
    encounter: str = ""


def make(
    cloud: ImageCloud, session: Session, account: Account, asked: Asked, *, source: str
) -> Authorisation:
    """Write down a doctor's request. Raises AuthorisationRefused."""
    if not account.active or account.role != Role.DOCTOR or account.institution_id is None:
        raise AuthorisationRefused(Refusal.NOT_A_DOCTOR)
    emergency = asked.method is AuthorisationMethod.EMERGENCY
    if cloud.settings.authorisation_per_encounter and not asked.encounter and not emergency:
        raise AuthorisationRefused(Refusal.ENCOUNTER)
    made = Authorisation(
        person_id=asked.person.id,
        institution_id=account.institution_id,
        account_id=account.id,
        encounter=asked.encounter[:LONGEST_ENCOUNTER],
        purpose=asked.purpose,
        method=asked.method,
        scope_kind=asked.scope.kind,
        scope_value=asked.scope.value,
        answer_by=clock.now() + ANSWER_WITHIN,
    )
    session.add(made)
    session.flush()
    note(session, made, "authorisation.request", actor=f"account:{account.id}", source=source)
    return made


def approve(
    session: Session,
    authorisation: Authorisation,
    proof: Evidence,
    *,
    actor: str,
    actor_kind: str = "account",
    source: str,
    lifetime: timedelta,
    decided_by: int | None = None,
    review: ReviewState = ReviewState.NONE,
    **more: Any,
) -> None:
    """Let a request hold from now on, on this evidence. Raises AuthorisationRefused."""
    now = clock.now()
    move(
        session,
        authorisation,
        {AuthorisationState.REQUESTED},
        AuthorisationState.APPROVED,
        evidence=evidence_types.to_row(proof),
        decided_at=now,
        decided_by=decided_by,
        expires_at=now + lifetime,
        review=review,
        code_hash=None,
        **more,
    )
    _tell_index(session, authorisation)
    note(
        session,
        authorisation,
        "authorisation.approve",
        actor=actor,
        actor_kind=actor_kind,
        source=source,
    )


def move(
    session: Session,
    authorisation: Authorisation,
    before: Collection[AuthorisationState],
    after: AuthorisationState,
    **values: Any,
) -> None:
    """Change the state if it still is one of `before` and not overdue; else raise ENDED."""
    statement = update(Authorisation).where(
        Authorisation.authorisation_id == authorisation.authorisation_id,
        Authorisation.state.in_(before),
    )
    if AuthorisationState.REQUESTED in before:
        statement = statement.where(Authorisation.answer_by > clock.now())
    moved = session.execute(
        statement.values(state=after, **values).returning(Authorisation.authorisation_id),
        execution_options={"synchronize_session": False},
    ).one_or_none()
    session.refresh(authorisation)
    if moved is None:
        raise AuthorisationRefused(Refusal.ENDED)


def withdraw(session: Session, authorisation: Authorisation, *, actor: str, source: str) -> None:
    """End an authorisation that holds; it bites at the next object. Raises AuthorisationRefused."""
    move(
        session,
        authorisation,
        {AuthorisationState.APPROVED},
        AuthorisationState.WITHDRAWN,
        withdrawn_at=clock.now(),
    )
    _tell_index(session, authorisation)
    note(session, authorisation, "authorisation.withdraw", actor=actor, source=source)


def refuse(session: Session, authorisation: Authorisation, *, account_id: int, source: str) -> None:
    """Say no to a request. Raises AuthorisationRefused when it was answered before."""
    move(
        session,
        authorisation,
        {AuthorisationState.REQUESTED},
        AuthorisationState.REFUSED,
        decided_at=clock.now(),
        decided_by=account_id,
        code_hash=None,
    )
    actor = f"account:{account_id}"
    note(session, authorisation, "authorisation.refuse", actor=actor, source=source)


def note(
    session: Session,
    authorisation: Authorisation,
    event: str,
    *,
    actor: str,
    actor_kind: str = "account",
    source: str,
    **detail: Any,
) -> None:
    """Record in the audit log what happened to an authorisation; never who the person is."""
    audit.record(
        session,
        actor_kind=actor_kind,
        actor=actor,
        event=event,
        object_kind="authorisation",
        object_id=authorisation.authorisation_id,
        source=source,
        detail={
            "method": str(authorisation.method),
            "purpose": str(authorisation.purpose),
            "scope": str(authorisation.scope_kind),
            "encounter": bool(authorisation.encounter),
            **detail,
        },
    )


def _tell_index(session: Session, authorisation: Authorisation) -> None:
    outbox.put(
        session,
        OUTBOX_KIND,
        {
            "authorisation_id": authorisation.authorisation_id,
            "state": str(authorisation.state),
            "method": str(authorisation.method),
            "purpose": str(authorisation.purpose),
            "institution_code": authorisation.institution.code,
            "at": clock.now().isoformat(),
        },
        about=authorisation.authorisation_id,
    )
