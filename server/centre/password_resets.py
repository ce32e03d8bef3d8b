"""Whose password an administrator may replace (F-04, F-07)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server import accounts
from server.accounts import resets
from server.accounts.resets import GivenCredentials
from server.centre import openings
from server.centre.acting import Actor, OutOfReachError
from server.model import Account, Role

if TYPE_CHECKING:
    from server.cloud import ImageCloud

# Those who run or watch the centre are reset at the machine (`yingyun user reset`): through a
# page, one of them could enter as another.
OF_THE_CENTRE = (Role.PATIENT, Role.DOCTOR, Role.INSTITUTION_ADMINISTRATOR)
OF_AN_INSTITUTION = (Role.DOCTOR,)


def reset(cloud: ImageCloud, session: Session, actor: Actor, login: str) -> GivenCredentials:
    """Give somebody else a temporary password; his second factor stays.

    An institution's administrator reaches its doctors, the centre's reach patients and the staff
    of institutions; nobody an account whose authenticator he was shown. Raises OutOfReachError
    for anybody else, known or not.
    """
    found = accounts.find_account(cloud, session, login)
    if found is None or not found.active or not _reaches(actor, found):
        raise OutOfReachError
    if openings.was_confirmed_by(session, actor, found.id):
        raise OutOfReachError
    return resets.reset_password(
        cloud,
        session,
        found,
        actor_kind="account",
        actor=f"account:{actor.account_id}",
        source=actor.source,
    )


def _reaches(actor: Actor, account: Account) -> bool:
    if actor.scope is None:
        return account.role in OF_THE_CENTRE
    return account.role in OF_AN_INSTITUTION and actor.reaches(account.institution_id)
