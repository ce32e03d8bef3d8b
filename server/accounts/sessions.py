"""Signed-in devices: tokens of 256 bits of which only the SHA-256 is kept (F-06)."""

from __future__ import annotations

import enum
import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from server import audit, clock
from server.model import Account, AccountSession

if TYPE_CHECKING:
    from server.cloud import ImageCloud

# Writing at every request would make each picture a database write.
TOUCH_INTERVAL = timedelta(seconds=30)


class EntryKind(enum.StrEnum):
    """The ways by which people come in (A-02)."""

    WEB = "web"
    NATIONAL_PLATFORM = "national_platform"
    QR_CODE = "qr_code"
    OFFICIAL_ACCOUNT = "official_account"
    MINI_PROGRAM = "mini_program"
    APP = "app"

    @classmethod
    def of(cls, text: str) -> EntryKind:
        """Return the kind of this name; an unknown one is the web."""
        return cls(text) if text in set(cls) else cls.WEB


def hash_token(token: str) -> str:
    """Return the SHA-256 (hex) under which a random token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """Return 256 random bits as text for an address or a cookie."""
    return secrets.token_urlsafe(32)


def open_session(
    cloud: ImageCloud,
    session: Session,
    account: Account,
    *,
    source: str,
    device: str,
    entry_kind: EntryKind,
) -> str:
    """Add a session for an account that has proved itself; returns its token."""
    token = new_token()
    now = clock.now()
    session.add(
        AccountSession(
            token_hash=hash_token(token),
            account_id=account.id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(hours=cloud.settings.absolute_hours),
            source=source[:64],
            device=device[:200],
            entry_kind=entry_kind,
        )
    )
    return token


def current_session(cloud: ImageCloud, session: Session, token: str) -> AccountSession | None:
    """Return the live session of a token and note that it was seen.

    None once signed out, idle too long, past its absolute end, or the account disabled (F-06).
    """
    found = session.scalar(
        select(AccountSession)
        .where(AccountSession.token_hash == hash_token(token))
        .options(joinedload(AccountSession.account))
        .execution_options(populate_existing=True)
    )
    if found is None or not _is_live(cloud, found):
        return None
    now = clock.now()
    if now - found.last_seen_at >= TOUCH_INTERVAL:
        found.last_seen_at = now
    return found


def live_sessions(
    cloud: ImageCloud, session: Session, account: Account
) -> Sequence[AccountSession]:
    """Return an account's live sessions, the last used first: its devices."""
    found = session.scalars(
        select(AccountSession)
        .where(AccountSession.account_id == account.id, AccountSession.revoked_at.is_(None))
        .order_by(AccountSession.last_seen_at.desc())
    )
    return [one for one in found if _is_live(cloud, one)]


def sign_out(session: Session, token: str, *, source: str = "") -> None:
    """End the session of a token, audited; a token that has none is no error."""
    _revoke(session, AccountSession.token_hash == hash_token(token), "sign_out", source)


def revoke_session(
    session: Session, account: Account, token_hash: str, *, source: str = ""
) -> bool:
    """End one of an account's own sessions, for example a lost phone's; False if it has none."""
    mine = (AccountSession.account_id == account.id) & (AccountSession.token_hash == token_hash)
    return _revoke(session, mine, "session.revoke", source)


def _revoke(session: Session, which: object, event: str, source: str) -> bool:
    account_id = session.scalar(
        update(AccountSession)
        .where(which, AccountSession.revoked_at.is_(None))  # type: ignore[arg-type]
        .values(revoked_at=clock.now())
        .returning(AccountSession.account_id)
    )
    if account_id is None:
        return False
    audit.record(
        session,
        actor_kind="account",
        actor=f"account:{account_id}",
        event=event,
        object_kind="account",
        object_id=str(account_id),
        source=source,
    )
    return True


def _is_live(cloud: ImageCloud, found: AccountSession) -> bool:
    now = clock.now()
    idle_end = found.last_seen_at + timedelta(minutes=cloud.settings.idle_minutes)
    in_time = now < found.expires_at and now < idle_end
    return in_time and found.revoked_at is None and found.account.active
