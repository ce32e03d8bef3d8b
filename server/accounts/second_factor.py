"""The second factor (F-03): codes of an authenticator (RFC 6238), codes by text message."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
from sqlalchemy import update
from sqlalchemy.orm import Session

from server import audit, clock, limits, messages
from server.accounts.directory import TOTP_CONTEXT
from server.accounts.errors import SignInExpired, SignInRefused
from server.accounts.sessions import hash_token
from server.limits import Limit, TooManyTries
from server.model import Account, SignInChallenge

if TYPE_CHECKING:
    from server.cloud import ImageCloud

CODE_LIFETIME = timedelta(minutes=5)
CODE_TRIES = 5
_STEP_SECONDS = 30
_STEPS_APART = (0, -1, 1)
_RESEND = Limit("sms resend", 1, timedelta(seconds=60))
_PER_DAY = Limit("sms per day", 10, timedelta(days=1))


def live_challenge(session: Session, token: str) -> SignInChallenge:
    """Return what stands between password and code. Raises SignInExpired."""
    found = session.get(SignInChallenge, hash_token(token), populate_existing=True)
    if found is None or found.expires_at <= clock.now() or found.tries >= CODE_TRIES:
        raise SignInExpired
    return found


def send_sms_code(cloud: ImageCloud, session: Session, *, token: str, source: str = "") -> None:
    """Send a six-digit code of five minutes to the account's phone; once a minute, ten a day.

    Each code replaces the one before. Raises SignInExpired, SignInRefused(retry_at).
    """
    challenge = live_challenge(session, token)
    account = challenge.account
    if not messages.can_reach(cloud, account):
        raise SignInRefused
    try:
        with cloud.database.session() as own:
            limits.take(cloud, own, _RESEND, str(account.id))
            limits.take(cloud, own, _PER_DAY, str(account.id))
    except TooManyTries as error:
        raise SignInRefused(error.retry_at) from error
    code = f"{secrets.randbelow(10**6):06d}"
    challenge.sms_code_hash = _sms_hash(cloud, challenge, code)
    challenge.expires_at = clock.now() + CODE_LIFETIME
    body = f"【{cloud.settings.site_name}】验证码 {code}，5 分钟内有效，请勿告知他人。"
    messages.send(cloud, session, account=account, body=body, lifetime=CODE_LIFETIME)
    audit.record(
        session,
        actor_kind="account",
        actor=f"account:{account.id}",
        event="sign_in.sms_sent",
        object_kind="account",
        object_id=str(account.id),
        source=source,
    )


def accepts(cloud: ImageCloud, challenge: SignInChallenge, code: str) -> bool:
    """Whether a code fits the text message or the authenticator, whose time step it uses up."""
    digits = "".join(code.split())
    if not (len(digits) == 6 and digits.isascii() and digits.isdigit()):
        return False
    if challenge.sms_code_hash is not None and hmac.compare_digest(
        challenge.sms_code_hash, _sms_hash(cloud, challenge, digits)
    ):
        return True
    step = _totp_step(cloud, challenge.account, digits)
    return step is not None and _use_step(cloud, challenge.account_id, step)


def _totp_step(cloud: ImageCloud, account: Account, code: str) -> int | None:
    if account.totp_secret_sealed is None:
        return None
    totp = pyotp.TOTP(cloud.master_key.open(account.totp_secret_sealed, TOTP_CONTEXT))
    now_step = int(clock.now().timestamp()) // _STEP_SECONDS
    steps = [now_step + apart for apart in _STEPS_APART]
    fitting = [step for step in steps if hmac.compare_digest(totp.generate_otp(step), code)]
    return fitting[0] if fitting else None


def _use_step(cloud: ImageCloud, account_id: int, step: int) -> bool:
    """Take a time step in one statement, so that no code serves twice (RFC 6238, 5.2)."""
    with cloud.database.session() as own:
        taken = own.scalar(
            update(Account)
            .where(Account.id == account_id, Account.totp_last_step < step)
            .values(totp_last_step=step)
            .returning(Account.id)
        )
    return taken is not None


def _sms_hash(cloud: ImageCloud, challenge: SignInChallenge, code: str) -> str:
    return cloud.master_key.keyed_hash(f"{challenge.token_hash} {code}", "sms code")
