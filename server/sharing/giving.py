"""Giving a share away and taking it back (A-20 … A-29)."""

from __future__ import annotations

import enum
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlalchemy.orm import Session

from server import access, audit, clock, messages, outbox
from server.access import AccessDenied, Action, DenialReason
from server.accounts.passwords import hash_password
from server.model import Account, Share, Study
from server.sharing.errors import ShareTermsError
from server.sharing.owning import check_owner
from server.sharing.recipient_code import normalize_phone, seal_phone
from server.sharing.secrets import (
    hash_secret,
    new_secret,
    new_short_code,
    normalize_short_code,
)
from server.sharing.terms import ShareScope, check_terms

if TYPE_CHECKING:
    from server.cloud import ImageCloud


# Shares are business records of the index-sharing module too (个人端分享记录, A-32).
OUTBOX_KIND = "share"


class ShareState(enum.StrEnum):
    """How a share stands, as only its owner sees it (goal 5)."""

    OPEN = "open"
    PAUSED = "paused"
    LOCKED = "locked"
    USED_UP = "used_up"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True)
class NewShare:
    """A share with its two secrets, which are shown this once."""

    share: Share
    secret: str
    short_code: str

    @property
    def path(self) -> str:
        """The link below the base address; the secret is in the fragment (goal 1)."""
        return f"/s/{self.share.share_id}#{self.secret}"


@dataclass(frozen=True)
class GivenKeys:
    """The two secrets of a share, as its giver's page holds them."""

    secret: str
    short_code: str


def short_code_hash(cloud: ImageCloud, share_id: str, short_code: str) -> str:
    """Return what is kept of a short code: a keyed hash, since 50 bits could be searched."""
    typed = normalize_short_code(short_code)
    return cloud.master_key.keyed_hash(f"{share_id} {typed}", "share short code")


def create(
    cloud: ImageCloud,
    session: Session,
    *,
    account: Account,
    study: Study,
    password: str | None = None,
    lifetime: timedelta,
    max_views: int | None = None,
    scope: ShareScope | None = None,
    recipient: str = "",
    recipient_phone: str | None = None,
    show_identity: bool = False,
    watermark: bool = False,
    source: str = "",
) -> NewShare:
    """Make a share of one study on the giver's terms, audited (A-20 … A-26).

    With `recipient_phone` a code goes there at each opening, asked for besides the password. With
    `watermark` the recipient's label and the time are burnt into the pictures. Raises
    ShareTermsError, AccessDenied when the study is not the account's to share.
    """
    scope = scope or ShareScope()
    access.authorize(
        cloud, session, access.patient_grant(cloud, session, account), Action.SHARE, study
    )
    check_terms(
        session,
        study,
        password=password or None,
        lifetime=lifetime,
        max_views=max_views,
        scope=scope,
        recipient=recipient,
        recipient_phone=recipient_phone,
        watermark=watermark,
        show_identity=show_identity,
    )
    phone = normalize_phone(recipient_phone) if recipient_phone else None
    if phone is not None and not messages.takes_messages(cloud):
        raise ShareTermsError("本站未开通短信，不能验证接收人手机 / this site sends no messages")
    now, secret, short_code = clock.now(), new_secret(), new_short_code()
    share = Share(
        study_id=study.study_id,
        account_id=account.id,
        secret_hash=hash_secret(secret),
        short_code_hash="",
        password_hash=hash_password(password) if password else None,
        recipient=recipient,
        recipient_phone_sealed=seal_phone(cloud, phone) if phone is not None else None,
        scope=scope.as_json(),
        show_identity=show_identity,
        watermark=watermark,
        created_at=now,
        expires_at=now + lifetime,
        max_views=max_views,
    )
    session.add(share)
    session.flush()
    share.short_code_hash = short_code_hash(cloud, share.share_id, short_code)
    detail = {
        "study": study.study_id,
        "scope": scope.as_json(),
        "minutes": int(lifetime.total_seconds() // 60),
        "max_views": max_views,
        "password": bool(password),
        "recipient_code": phone is not None,
        "watermark": watermark,
    }
    told = {"event": "created", "share_id": share.share_id, "at": now.isoformat()}
    terms = {"expires_at": share.expires_at.isoformat(), "max_views": max_views}
    outbox.put(session, OUTBOX_KIND, told | terms | {"scope": share.scope}, about=study.study_id)
    audit.record_act(
        session,
        account.id,
        "share.create",
        "share",
        share.share_id,
        source=source,
        detail=detail,
    )
    return NewShare(share, secret, short_code)


def revoke(session: Session, account: Account, share_id: str, *, source: str = "") -> None:
    """End a share; the recipient's next request is refused, nothing else changes (A-28, A-29).

    Its giver may, and the person whose images they are. Twice is once.
    Raises AccessDenied for anybody else's or an unknown share.
    """
    check_owner(session, account, share_id)
    now = clock.now()
    ended = session.scalar(
        update(Share)
        .where(Share.share_id == share_id, Share.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(Share.study_id)
    )
    if ended is not None:
        told = {"event": "revoked", "share_id": share_id, "at": now.isoformat()}
        outbox.put(session, OUTBOX_KIND, told, about=ended)
        audit.record_act(session, account.id, "share.revoke", "share", share_id, source=source)


def given_again(
    cloud: ImageCloud, session: Session, account: Account, share_id: str, *, given: GivenKeys
) -> Share:
    """Return a share that its giver shows the secrets of, which only he was told, to print them.

    Raises AccessDenied unless the account gave the share and both fit.
    """
    share = session.get(Share, share_id)
    if share is None or share.account_id != account.id:
        raise AccessDenied(DenialReason.NOT_YOURS)
    secret = hmac.compare_digest(share.secret_hash, hash_secret(given.secret))
    code = hmac.compare_digest(
        share.short_code_hash, short_code_hash(cloud, share_id, given.short_code)
    )
    if not (secret and code):
        raise AccessDenied(DenialReason.NOT_YOURS)
    return share


def state_of(share: Share) -> ShareState:
    """Return how a share stands now."""
    now = clock.now()
    if share.revoked_at is not None:
        return ShareState.REVOKED
    if share.expires_at <= now:
        return ShareState.EXPIRED
    if share.paused_at is not None:
        return ShareState.PAUSED
    if share.max_views is not None and share.views >= share.max_views:
        return ShareState.USED_UP
    if share.locked_until is not None and share.locked_until > now:
        return ShareState.LOCKED
    return ShareState.OPEN
