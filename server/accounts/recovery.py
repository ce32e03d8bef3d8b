"""A forgotten password: replaced at once with a second factor, after a day without (ASVS 6.4.3).

First the phone on record is proved. A code of the authenticator or from the recovery sheet then
lets the password be replaced. Whoever has neither waits; the owner is told by message and on his
account page, and may object, so that a stolen phone alone does not take an account over.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server import clock, limits
from server.accounts import phone_proof, recovery_codes, totp
from server.accounts.auditing import actor_of, record_failure, record_success
from server.accounts.credentials import set_password
from server.accounts.errors import SignInExpired, SignInRefused
from server.accounts.notices import tell
from server.accounts.passwords import check_strength
from server.limits import TooManyTries
from server.model import Account, ProofPurpose, RecoveryRequest

if TYPE_CHECKING:
    from server.cloud import ImageCloud

# How long a request may be used once its waiting is over.
USABLE = timedelta(days=3)


def account_of(session: Session, token: str) -> Account:
    """Return whose account a proof recovers. Raises SignInExpired."""
    person = phone_proof.proved(session, token, ProofPurpose.RECOVER)
    account = phone_proof.patient_account(session, person)
    if account is None:
        raise SignInExpired
    return account


def has_second_factor(session: Session, account: Account) -> bool:
    """Whether a code could show at once that it is really he."""
    has_codes = recovery_codes.codes_left(session, account) > 0
    return account.totp_secret_sealed is not None or has_codes


def open_request(session: Session, account: Account) -> RecoveryRequest | None:
    """Return the request for a new password that waits, or has waited, for an account."""
    return session.scalars(
        select(RecoveryRequest)
        .where(
            RecoveryRequest.account_id == account.id,
            RecoveryRequest.used_at.is_(None),
            RecoveryRequest.cancelled_at.is_(None),
            RecoveryRequest.expires_at > clock.now(),
        )
        .order_by(RecoveryRequest.created_at)
        .limit(1)
    ).one_or_none()


def is_ready(request: RecoveryRequest | None) -> bool:
    """Whether a request has waited long enough."""
    return request is not None and request.ready_at <= clock.now()


def ask_to_wait(cloud: ImageCloud, session: Session, token: str, *, source: str) -> RecoveryRequest:
    """Begin to wait, or return the request that waits already. Audited; the owner is told.

    Raises SignInExpired.
    """
    account = account_of(session, token)
    known = open_request(session, account)
    if known is not None:
        return known
    now = clock.now()
    ready_at = now + timedelta(hours=cloud.settings.recovery_hours)
    request = RecoveryRequest(
        account_id=account.id, ready_at=ready_at, expires_at=ready_at + USABLE
    )
    session.add(request)
    session.flush()
    record_success(session, account, "recovery.request", source)
    local = ready_at.astimezone(clock.CHINA)
    when = f"{local.month}月{local.day}日 {local:%H:%M}"
    tell(
        cloud,
        session,
        account,
        f"有人申请重设您的密码，{when} 后可以重设。登录后可在“我的账户”取消。",
    )
    return request


def reset_password(
    cloud: ImageCloud, session: Session, token: str, *, new: str, code: str, source: str
) -> None:
    """Replace the password: with a code of a second factor, or once a request has waited.

    All sessions end, and nobody is signed in by it: both factors are asked for afresh. Raises
    SignInExpired, WeakPasswordError, SignInRefused for a wrong code (with `retry_at` while the
    account is locked) or none.
    """
    account = account_of(session, token)
    check_strength(new, login=account.login)
    request = open_request(session, account)
    if not is_ready(request):
        _check_factor(cloud, session, account, code, source)
    phone_proof.spend(session, token)
    session.execute(
        update(RecoveryRequest)
        .where(RecoveryRequest.account_id == account.id, RecoveryRequest.used_at.is_(None))
        .values(used_at=clock.now())
    )
    account.failed_tries, account.locked_until = 0, None
    set_password(cloud, session, account, new, source=source)


def cancel(session: Session, account: Account, *, source: str) -> bool:
    """Let the owner put an end to a request for a new password; False if there is none."""
    request = open_request(session, account)
    if request is None:
        return False
    request.cancelled_at = clock.now()
    record_success(session, account, "recovery.cancel", source)
    return True


def _check_factor(
    cloud: ImageCloud, session: Session, account: Account, code: str, source: str
) -> None:
    lock = timedelta(minutes=cloud.settings.lock_minutes)
    try:
        with cloud.database.session() as own:
            limits.take_account_try(own, account.id, cloud.settings.login_tries, lock)
    except TooManyTries as error:
        record_failure(cloud, actor_of(account), "recovery.code", source, "locked")
        raise SignInRefused(error.retry_at) from error
    if totp.takes_code(cloud, account, code):
        return
    if recovery_codes.takes_code(cloud, session, account, code):
        return
    record_failure(cloud, actor_of(account), "recovery.code", source, "refused")
    raise SignInRefused
