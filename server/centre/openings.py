"""New accounts of staff, each by two persons (F-07, 职责分离).

Who opens an account gets its temporary password, who confirms it the secret of its authenticator;
until then it is shut. So nobody holds both, and nobody gives himself another role by a new account.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyotp
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server import accounts, clock
from server.accounts.resets import temporary_password
from server.accounts.totp import TOTP_CONTEXT, provisioning_uri
from server.centre import rights
from server.centre.acting import Actor, OutOfReachError
from server.centre.rights import OF_INSTITUTIONS
from server.model import Account, AccountOpening, Institution, Role

if TYPE_CHECKING:
    from server.cloud import ImageCloud


class OpeningRefusal(enum.StrEnum):
    """Why an account is not opened or confirmed."""

    NOT_YOURS_TO_GIVE = "not_yours_to_give"
    NO_INSTITUTION = "no_institution"
    OWN = "own"
    DECIDED = "decided"


class OpeningRefusedError(Exception):
    """An account is not opened or confirmed; `reason` says why."""

    def __init__(self, reason: OpeningRefusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Opened:
    """A new account, shut as yet, and its temporary password, which is shown this once."""

    account: Account
    password: str


@dataclass(frozen=True)
class Confirmed:
    """A confirmed account, and the secret of its authenticator, which is shown this once."""

    account: Account
    totp_secret: str
    totp_uri: str


def open_account(
    cloud: ImageCloud,
    session: Session,
    actor: Actor,
    *,
    login: str,
    role: Role,
    institution_id: int | None,
) -> Opened:
    """Open an account that another person has to confirm; audited.

    An institution's administrator opens accounts of his own institution. Raises
    OpeningRefusedError, OutOfReachError, LoginNameError, AccountExistsError.
    """
    if role not in rights.givable(actor):
        raise OpeningRefusedError(OpeningRefusal.NOT_YOURS_TO_GIVE)
    institution = _institution(session, actor, role, institution_id)
    password = temporary_password()
    made = accounts.create_account(
        cloud,
        session,
        login=login,
        password=password,
        role=role,
        institution=institution,
        actor_kind="account",
        actor=f"account:{actor.account_id}",
        source=actor.source,
    )
    made.account.active = False
    made.account.temporary_credential = True
    session.add(AccountOpening(account_id=made.account.id, opened_by=actor.account_id))
    session.flush()
    return Opened(made.account, password)


def waiting(session: Session, actor: Actor) -> Sequence[AccountOpening]:
    """Return the openings that an actor sees and that wait for a second person, oldest first."""
    rows = session.scalars(
        select(AccountOpening)
        .where(AccountOpening.decided_at.is_(None))
        .options(joinedload(AccountOpening.account), joinedload(AccountOpening.opener))
        .order_by(AccountOpening.opened_at)
    )
    return [one for one in rows if _may_give(actor, one.account)]


def confirm(cloud: ImageCloud, session: Session, actor: Actor, account_id: int) -> Confirmed:
    """Let an account live; audited. Its authenticator is made anew for whoever confirms.

    Raises OutOfReachError, OpeningRefusedError for whoever opened it.
    """
    opening = _decided(session, actor, account_id, confirmed=True)
    account = opening.account
    secret = pyotp.random_base32()
    account.totp_secret_sealed = cloud.master_key.seal(secret, TOTP_CONTEXT)
    account.active = True
    actor.note(session, "account.confirm", "account", str(account.id), {"role": str(account.role)})
    return Confirmed(account, secret, provisioning_uri(cloud, account.login, secret))


def refuse(session: Session, actor: Actor, account_id: int) -> None:
    """Leave an account shut for good; audited. Raises as `confirm`; who opened it may, too."""
    opening = _decided(session, actor, account_id, confirmed=False)
    actor.note(session, "account.refuse", "account", str(opening.account_id))


def was_confirmed_by(session: Session, actor: Actor, account_id: int) -> bool:
    """Whether an actor was shown an account's authenticator: he must not get its password, too."""
    found = session.get(AccountOpening, account_id)
    return found is not None and found.decided_by == actor.account_id


def _decided(session: Session, actor: Actor, account_id: int, *, confirmed: bool) -> AccountOpening:
    opening = session.get(AccountOpening, account_id, with_for_update=True)
    if opening is None or not _may_give(actor, opening.account):
        raise OutOfReachError
    if opening.decided_at is not None:
        raise OpeningRefusedError(OpeningRefusal.DECIDED)
    if confirmed and actor.account_id in {opening.opened_by, account_id}:
        raise OpeningRefusedError(OpeningRefusal.OWN)
    opening.decided_by, opening.decided_at = actor.account_id, clock.now()
    opening.confirmed = confirmed
    return opening


def _may_give(actor: Actor, account: Account) -> bool:
    return account.role in rights.givable(actor) and actor.reaches(account.institution_id)


def _institution(
    session: Session, actor: Actor, role: Role, institution_id: int | None
) -> Institution | None:
    if role not in OF_INSTITUTIONS:
        return None
    chosen = actor.scope if actor.scope is not None else institution_id
    found = session.get(Institution, chosen) if chosen is not None else None
    if found is None or found.ended_at is not None:
        raise OpeningRefusedError(OpeningRefusal.NO_INSTITUTION)
    actor.must_reach(found.id)
    return found
