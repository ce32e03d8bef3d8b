"""Changing a password: by its owner who knows the old one, or by recovery (F-04)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlalchemy.orm import Session

from server import clock, limits
from server.accounts.auditing import actor_of, record_failure, record_success
from server.accounts.errors import SignInRefused
from server.accounts.notices import tell
from server.accounts.passwords import check_strength, hash_password, verify_password
from server.accounts.sessions import hash_token
from server.limits import Limit, TooManyTries
from server.model import Account, AccountSession, SignInChallenge, ViewerHandoff

if TYPE_CHECKING:
    from server.cloud import ImageCloud


def change_password(
    cloud: ImageCloud,
    session: Session,
    account: Account,
    *,
    current: str,
    new: str,
    keep_token: str,
    source: str,
) -> None:
    """Take another password from its owner, who names the one in use; other sessions end.

    An account that has none yet (it is entered by a provider) gets its first. Raises
    WeakPasswordError, SignInRefused for a wrong current password, with `retry_at` after too many.
    """
    check_strength(new, login=account.login)
    if account.password_hash:
        _check_current(cloud, account, current, source)
    set_password(cloud, session, account, new, keep_token=keep_token, source=source)


def set_password(
    cloud: ImageCloud,
    session: Session,
    account: Account,
    new: str,
    *,
    keep_token: str = "",
    source: str,
) -> None:
    """Give an account a password; all its sessions but one, and sign-ins under way, end.

    Audited; the owner is told. Raises WeakPasswordError.
    """
    replace_password(session, account, new, keep_token=keep_token)
    account.temporary_credential = False
    record_success(session, account, "account.password", source)
    tell(cloud, session, account, "您的账户密码已修改，其他设备已退出登录。")


def replace_password(session: Session, account: Account, new: str, *, keep_token: str = "") -> None:
    """Put another password in place; all sessions but one, and sign-ins under way, end.

    Raises WeakPasswordError.
    """
    check_strength(new, login=account.login)
    account.password_hash = hash_password(new)
    end_other_sessions(session, account, keep_token)
    session.execute(
        update(SignInChallenge)
        .where(SignInChallenge.account_id == account.id)
        .values(expires_at=clock.now())
    )


def sign_out_others(session: Session, account: Account, *, keep_token: str, source: str) -> int:
    """End all sessions of an account but the one of a token, audited; returns how many."""
    count = end_other_sessions(session, account, keep_token)
    record_success(session, account, "session.revoke_others", source, count=str(count))
    return count


def end_other_sessions(session: Session, account: Account, keep_token: str) -> int:
    """End all sessions of an account but the one of a token, and what viewers outside the browser
    were handed from any; returns how many sessions ended."""
    session.execute(
        update(ViewerHandoff)
        .where(ViewerHandoff.account_id == account.id, ViewerHandoff.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )
    ended = session.scalars(
        update(AccountSession)
        .where(
            AccountSession.account_id == account.id,
            AccountSession.revoked_at.is_(None),
            AccountSession.token_hash != hash_token(keep_token),
        )
        .values(revoked_at=clock.now())
        .returning(AccountSession.token_hash)
    )
    return len(ended.all())


def _check_current(cloud: ImageCloud, account: Account, current: str, source: str) -> None:
    """Count a try, then judge it, so that a stolen session cannot guess the password."""
    tries, window = cloud.settings.login_tries, timedelta(minutes=cloud.settings.lock_minutes)
    limit, key = Limit("password change", tries, window), actor_of(account)
    try:
        with cloud.database.session() as own:
            limits.take(cloud, own, limit, key)
    except TooManyTries as error:
        record_failure(cloud, key, "account.password", source, "locked")
        raise SignInRefused(error.retry_at) from error
    if not verify_password(account.password_hash, current):
        record_failure(cloud, key, "account.password", source, "refused")
        raise SignInRefused
    with cloud.database.session() as own:
        limits.clear(cloud, own, limit, key)
