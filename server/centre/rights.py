"""Accounts of staff: listed, shut, given other roles, looked at every half year (F-07, F-08).

Who administers cannot audit: no account goes from the one to the other, and nobody changes his own.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from server import accounts, clock
from server.centre.acting import Actor, OutOfReachError
from server.model import Account, AccountSession, AuditEvent, RightsReview, Role

REVIEW_AFTER = timedelta(days=180)  # 000-B 八(四)3: every half year
# Rights that may not follow each other in one account (职责分离).
APART = (frozenset({Role.ADMINISTRATOR, Role.AUDITOR}), frozenset({Role.AUDITOR, Role.SUPERVISOR}))
CHANGED = "account.role"
OF_INSTITUTIONS = (Role.DOCTOR, Role.INSTITUTION_ADMINISTRATOR)


class RightsRefusal(enum.StrEnum):
    """Why rights are not changed."""

    OWN = "own"
    SEPARATED = "separated"
    NOT_YOURS_TO_GIVE = "not_yours_to_give"
    NO_INSTITUTION = "no_institution"


class RightsRefusedError(Exception):
    """Rights are not changed; `reason` says why."""

    def __init__(self, reason: RightsRefusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class AccountRow:
    """An account of staff, when it was last used, and since when its rights were not looked at."""

    account: Account
    last_seen_at: datetime | None
    reviewed_at: datetime | None

    @property
    def due(self) -> bool:
        """Whether its rights are to be looked at (F-08)."""
        since = self.reviewed_at or self.account.created_at
        return self.account.active and clock.now() - since >= REVIEW_AFTER


def staff(
    session: Session, actor: Actor, *, role: Role | None = None, login: str = ""
) -> list[AccountRow]:
    """Return the accounts of staff that an actor reaches, active ones first."""
    seen = (
        select(func.max(AccountSession.last_seen_at))
        .where(AccountSession.account_id == Account.id)
        .correlate(Account)
        .scalar_subquery()
    )
    reviewed = (
        select(func.max(RightsReview.reviewed_at))
        .where(RightsReview.account_id == Account.id)
        .correlate(Account)
        .scalar_subquery()
    )
    query = (
        select(Account, seen, reviewed)
        .where(Account.role != Role.PATIENT)
        .options(joinedload(Account.institution))
        .order_by(Account.active.desc(), Account.role, Account.login)
    )
    if actor.scope is not None:
        query = query.where(
            Account.institution_id == actor.scope, Account.role.in_(OF_INSTITUTIONS)
        )
    if role is not None:
        query = query.where(Account.role == role)
    if login:
        query = query.where(Account.login.contains(login.strip().lower(), autoescape=True))
    return [AccountRow(*row) for row in session.execute(query)]


def due(session: Session, actor: Actor) -> list[AccountRow]:
    """Return the accounts whose rights nobody has looked at for half a year (F-08)."""
    return [row for row in staff(session, actor) if row.due]


def disable(session: Session, actor: Actor, account_id: int) -> None:
    """Shut an account (F-02). Raises OutOfReachError, RightsRefusedError for one's own."""
    found = _other(session, actor, account_id)
    accounts.disable_account(
        session,
        found,
        actor_kind="account",
        actor=f"account:{actor.account_id}",
        source=actor.source,
    )


def change_role(session: Session, actor: Actor, account_id: int, role: Role) -> None:
    """Give an account another role; its sessions end.

    Raises OutOfReachError, RightsRefusedError.
    """
    found = _other(session, actor, account_id)
    before = Role(found.role)
    if role is Role.PATIENT or role not in givable(actor):
        raise RightsRefusedError(RightsRefusal.NOT_YOURS_TO_GIVE)
    if any(frozenset({one, role}) in APART for one in {before, *_roles_before(session, found)}):
        raise RightsRefusedError(RightsRefusal.SEPARATED)
    if role in OF_INSTITUTIONS and found.institution_id is None:
        raise RightsRefusedError(RightsRefusal.NO_INSTITUTION)
    if before is role:
        return
    found.role = role
    now = clock.now()
    for one in session.scalars(
        select(AccountSession).where(
            AccountSession.account_id == found.id, AccountSession.revoked_at.is_(None)
        )
    ):
        one.revoked_at = now
    actor.note(session, CHANGED, "account", str(found.id), {"from": str(before), "to": str(role)})


def _roles_before(session: Session, account: Account) -> set[Role]:
    """Return the roles that an account was ever taken from: a detour separates no duties."""
    details = session.scalars(
        select(AuditEvent.detail).where(
            AuditEvent.event == CHANGED, AuditEvent.object_id == str(account.id)
        )
    )
    return {Role(one["from"]) for one in details}


def givable(actor: Actor) -> Sequence[Role]:
    """Return the roles that an actor may give."""
    if actor.role is Role.ADMINISTRATOR:
        return [role for role in Role if role is not Role.PATIENT]
    return OF_INSTITUTIONS if actor.role is Role.INSTITUTION_ADMINISTRATOR else ()


def review(session: Session, actor: Actor, account_id: int) -> None:
    """Put on record that somebody else's rights were looked at and are right (F-08).

    Raises OutOfReachError, RightsRefusedError.
    """
    found = _other(session, actor, account_id)
    session.add(RightsReview(account_id=found.id, reviewed_by=actor.account_id))
    actor.note(session, "rights.review", "account", str(found.id), {"role": str(found.role)})


def _other(session: Session, actor: Actor, account_id: int) -> Account:
    found = session.get(Account, account_id)
    if found is None or found.role == Role.PATIENT:
        raise OutOfReachError
    if actor.scope is not None and found.role not in OF_INSTITUTIONS:
        raise OutOfReachError
    actor.must_reach(found.institution_id)
    if found.id == actor.account_id:
        raise RightsRefusedError(RightsRefusal.OWN)
    return found
