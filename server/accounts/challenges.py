"""What stands between the first step of signing in and the second."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete
from sqlalchemy.orm import Session

from server import clock
from server.accounts.errors import SignInExpired
from server.accounts.factors import FactorKind, ready_kinds
from server.accounts.sessions import hash_token, new_token
from server.model import Account, SignInChallenge

if TYPE_CHECKING:
    from server.cloud import ImageCloud

CODE_LIFETIME = timedelta(minutes=5)
CODE_TRIES = 5


@dataclass(frozen=True)
class Challenge:
    """The first step is passed: which second factors may follow."""

    token: str
    kinds: frozenset[str]

    @property
    def can_totp(self) -> bool:
        """Whether an authenticator's code may follow."""
        return FactorKind.TOTP in self.kinds

    @property
    def can_sms(self) -> bool:
        """Whether a code by text message may follow."""
        return FactorKind.SMS in self.kinds


def open_challenge(cloud: ImageCloud, session: Session, account: Account) -> Challenge:
    """Begin the second step for an account whose first is passed."""
    session.execute(delete(SignInChallenge).where(SignInChallenge.expires_at <= clock.now()))
    kinds = ready_kinds(cloud, session, account)
    token = new_token()
    session.add(
        SignInChallenge(
            token_hash=hash_token(token),
            account_id=account.id,
            expires_at=clock.now() + CODE_LIFETIME,
        )
    )
    return Challenge(token, kinds)


def live_challenge(session: Session, token: str) -> SignInChallenge:
    """Return what stands between the two steps. Raises SignInExpired."""
    found = session.get(SignInChallenge, hash_token(token), populate_existing=True)
    if found is None or found.expires_at <= clock.now() or found.tries >= CODE_TRIES:
        raise SignInExpired
    return found


def use_up(session: Session, challenge: SignInChallenge) -> None:
    """Delete the challenge; of two answers with right codes at once, one finds it gone.

    Raises SignInExpired.
    """
    used = session.scalar(
        delete(SignInChallenge)
        .where(SignInChallenge.token_hash == challenge.token_hash)
        .returning(SignInChallenge.account_id)
    )
    if used is None:
        raise SignInExpired
