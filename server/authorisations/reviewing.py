"""What was opened without the patient's own answer is looked at afterwards by the institution."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from server import clock
from server.authorisations import recording
from server.authorisations.errors import AuthorisationRefused, Refusal
from server.authorisations.terms import LONGEST_REASON
from server.model import (
    Account,
    Authorisation,
    AuthorisationState,
    ReviewState,
    Role,
)

_SHOWN = 200
SHORTEST_NOTE = 4


def to_review(session: Session, account: Account) -> Sequence[Authorisation]:
    """Return what the administrator of an institution has to review or reviewed: open ones first.

    Raises AuthorisationRefused for anybody else.
    """
    institution_id = _institution_of(account)
    return session.scalars(
        select(Authorisation)
        .where(
            Authorisation.institution_id == institution_id,
            Authorisation.review != ReviewState.NONE,
        )
        .options(
            joinedload(Authorisation.account).joinedload(Account.person),
            joinedload(Authorisation.person),
        )
        .order_by((Authorisation.review != ReviewState.PENDING), Authorisation.requested_at.desc())
        .limit(_SHOWN)
    ).all()


def reviewable(session: Session, account: Account, authorisation_id: str) -> Authorisation:
    """Return an authorisation that the administrator may look at. Raises AuthorisationRefused."""
    institution_id = _institution_of(account)
    found = session.get(Authorisation, authorisation_id)
    mine = found is not None and found.institution_id == institution_id
    if found is None or not mine or found.review == ReviewState.NONE:
        raise AuthorisationRefused(Refusal.NOT_YOURS)
    return found


def review(
    session: Session,
    *,
    account: Account,
    authorisation_id: str,
    verdict: ReviewState,
    note: str = "",
    source: str = "",
) -> Authorisation:
    """Accept what was done, or complain; a complaint needs a note and ends what still holds.

    Raises AuthorisationRefused.
    """
    found = reviewable(session, account, authorisation_id)
    note = note.strip()[:LONGEST_REASON]
    complains = verdict is ReviewState.COMPLAINED
    if verdict not in {ReviewState.ACCEPTED, ReviewState.COMPLAINED}:
        raise AuthorisationRefused(Refusal.REASON)
    if complains and len(note) < SHORTEST_NOTE:
        raise AuthorisationRefused(Refusal.REASON)
    _write(session, found, account, verdict, note)
    actor = f"account:{account.id}"
    if complains and found.state == AuthorisationState.APPROVED:
        recording.withdraw(session, found, actor=actor, source=source)
    recording.note(
        session,
        found,
        "authorisation.review",
        actor=actor,
        source=source,
        verdict=str(verdict),
    )
    return found


def _write(
    session: Session, found: Authorisation, account: Account, verdict: ReviewState, note: str
) -> None:
    written = session.execute(
        update(Authorisation)
        .where(
            Authorisation.authorisation_id == found.authorisation_id,
            Authorisation.review == ReviewState.PENDING,
        )
        .values(review=verdict, review_note=note, reviewed_at=clock.now(), reviewed_by=account.id)
        .returning(Authorisation.authorisation_id),
        execution_options={"synchronize_session": False},
    ).one_or_none()
    session.refresh(found)
    if written is None:
        raise AuthorisationRefused(Refusal.ENDED)


def _institution_of(account: Account) -> int:
    if (
        not account.active
        or account.role != Role.INSTITUTION_ADMINISTRATOR
        or account.institution_id is None
    ):
        raise AuthorisationRefused(Refusal.NOT_YOURS)
    return account.institution_id
