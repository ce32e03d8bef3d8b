"""Codes by text message, as second factor after the password (F-03)."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server import audit, clock, limits, messages
from server.accounts.challenges import CODE_LIFETIME, live_challenge
from server.accounts.errors import SignInRefused
from server.accounts.factors import FactorKind
from server.limits import Limit, TooManyTries
from server.model import Account, Person, SignInChallenge

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_RESEND = Limit("sms resend", 1, timedelta(seconds=60))
_PER_DAY = Limit("sms per day", 10, timedelta(days=1))


@dataclass(frozen=True)
class SmsFactor:
    """The code that was sent for this very sign-in."""

    kind: str = FactorKind.SMS

    def is_ready(self, cloud: ImageCloud, session: Session, account: Account) -> bool:  # noqa: ARG002
        """Whether a message reaches the account's phone."""
        return messages.can_reach(cloud, account)

    def accepts(
        self,
        cloud: ImageCloud,
        session: Session,  # noqa: ARG002
        challenge: SignInChallenge,
        answer: str,
    ) -> bool:
        """Whether it is the code of the last message; the challenge is used up by the caller."""
        return challenge.sms_code_hash is not None and hmac.compare_digest(
            challenge.sms_code_hash, code_hash(cloud, challenge.token_hash, answer)
        )


def send_sms_code(cloud: ImageCloud, session: Session, *, token: str, source: str = "") -> None:
    """Send a six-digit code of five minutes to the account's phone; once a minute, ten a day.

    Each code replaces the one before. Raises SignInExpired, SignInRefused(retry_at).
    """
    challenge = live_challenge(session, token)
    account = challenge.account
    if account.person is None or not messages.can_reach(cloud, account):
        raise SignInRefused
    count_message(cloud, str(account.id))
    code = new_code()
    challenge.sms_code_hash = code_hash(cloud, challenge.token_hash, code)
    challenge.expires_at = clock.now() + CODE_LIFETIME
    send_code(cloud, session, account.person, code, account_id=account.id)
    audit.record(
        session,
        actor_kind="account",
        actor=f"account:{account.id}",
        event="sign_in.sms_sent",
        object_kind="account",
        object_id=str(account.id),
        source=source,
    )


def count_message(cloud: ImageCloud, key: str) -> None:
    """Count a message under a key: once a minute, ten a day. Raises SignInRefused(retry_at)."""
    try:
        with cloud.database.session() as own:
            limits.take(cloud, own, _RESEND, key)
            limits.take(cloud, own, _PER_DAY, key)
    except TooManyTries as error:
        raise SignInRefused(error.retry_at) from error


def send_code(
    cloud: ImageCloud,
    session: Session,
    person: Person,
    code: str,
    *,
    account_id: int | None = None,
) -> None:
    """Send a code in the words that everybody knows."""
    body = f"【{cloud.settings.site_name}】验证码 {code}，5 分钟内有效，请勿告知他人。"
    messages.send_to_person(
        cloud, session, person, body=body, lifetime=CODE_LIFETIME, account_id=account_id
    )


def new_code() -> str:
    """Return six random digits."""
    return f"{secrets.randbelow(10**6):06d}"


def code_hash(cloud: ImageCloud, token_hash: str, code: str) -> str:
    """Return the keyed hash under which a code is kept, bound to what it was sent for."""
    return cloud.master_key.keyed_hash(f"{token_hash} {''.join(code.split())}", "sms code")
