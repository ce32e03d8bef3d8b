"""Giving a share away, watching it, taking it back (A-20 … A-29)."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from server import access, audit, clock
from server.access import AccessDenied, Action, DenialReason
from server.accounts.passwords import hash_password
from server.model import Account, Share, ShareVisit, Study
from server.sharing.secrets import (
    hash_secret,
    new_secret,
    new_short_code,
    normalize_short_code,
)
from server.sharing.terms import ShareScope, check_terms

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_LIST_LENGTH = 200


class ShareState(enum.StrEnum):
    """How a share stands, as only its owner sees it (goal 5)."""

    OPEN = "open"
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
class ShareRecord:
    """One row of the owner's list (A-27); `share.study` and its institution are loaded."""

    share: Share
    state: ShareState
    last_opened_at: datetime | None
    given_by_me: bool


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
    show_identity: bool = False,
    source: str = "",
) -> NewShare:
    """Make a share of one study on the giver's terms, audited (A-20 … A-26).

    Raises ShareTermsError, AccessDenied when the study is not the account's to share.
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
    )
    now, secret, short_code = clock.now(), new_secret(), new_short_code()
    share = Share(
        study_id=study.study_id,
        account_id=account.id,
        secret_hash=hash_secret(secret),
        short_code_hash="",
        password_hash=hash_password(password) if password else None,
        recipient=recipient,
        scope=scope.as_json(),
        show_identity=show_identity,
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
    }
    _audit(session, account, share.share_id, "share.create", source, detail)
    return NewShare(share, secret, short_code)


def revoke(session: Session, account: Account, share_id: str, *, source: str = "") -> None:
    """End a share; the recipient's next request is refused, nothing else changes (A-28, A-29).

    Its giver may, and the person whose images they are. Twice is once.
    Raises AccessDenied for anybody else's or an unknown share.
    """
    _owned(session, account, share_id)
    ended = session.scalar(
        update(Share)
        .where(Share.share_id == share_id, Share.revoked_at.is_(None))
        .values(revoked_at=clock.now())
        .returning(Share.share_id)
    )
    if ended is not None:
        _audit(session, account, share_id, "share.revoke", source)


def shares_of(session: Session, account: Account) -> Sequence[ShareRecord]:
    """Return the shares an account gave and those of its person's images, newest first (A-27)."""
    shares = session.scalars(
        select(Share)
        .join(Share.study)
        .where(_is_owner(account))
        .options(joinedload(Share.study).joinedload(Study.institution))
        .order_by(Share.created_at.desc(), Share.share_id)
        .limit(_LIST_LENGTH)
    ).all()
    last = session.execute(
        select(ShareVisit.share_id, func.max(ShareVisit.opened_at))
        .where(ShareVisit.share_id.in_([share.share_id for share in shares]))
        .group_by(ShareVisit.share_id)
    )
    last_opened: dict[str, datetime] = {row[0]: row[1] for row in last}
    return [
        ShareRecord(
            share=share,
            state=state_of(share),
            last_opened_at=last_opened.get(share.share_id),
            given_by_me=share.account_id == account.id,
        )
        for share in shares
    ]


def visits(session: Session, account: Account, share_id: str) -> Sequence[ShareVisit]:
    """Return the openings of one of an account's shares, newest first.

    Raises AccessDenied for anybody else's or an unknown share.
    """
    _owned(session, account, share_id)
    return session.scalars(
        select(ShareVisit)
        .where(ShareVisit.share_id == share_id)
        .order_by(ShareVisit.opened_at.desc())
        .limit(_LIST_LENGTH)
    ).all()


def state_of(share: Share) -> ShareState:
    """Return how a share stands now."""
    now = clock.now()
    if share.revoked_at is not None:
        return ShareState.REVOKED
    if share.expires_at <= now:
        return ShareState.EXPIRED
    if share.max_views is not None and share.views >= share.max_views:
        return ShareState.USED_UP
    if share.locked_until is not None and share.locked_until > now:
        return ShareState.LOCKED
    return ShareState.OPEN


def _is_owner(account: Account) -> ColumnElement[bool]:
    if account.person_id is None:
        return Share.account_id == account.id
    return or_(Share.account_id == account.id, Study.person_id == account.person_id)


def _owned(session: Session, account: Account, share_id: str) -> None:
    found = session.scalar(
        select(Share.share_id)
        .join(Share.study)
        .where(Share.share_id == share_id, _is_owner(account))
    )
    if found is None:
        raise AccessDenied(DenialReason.NOT_YOURS)


def _audit(
    session: Session,
    account: Account,
    share_id: str,
    event: str,
    source: str,
    detail: dict[str, object] | None = None,
) -> None:
    audit.record(
        session,
        actor_kind="account",
        actor=f"account:{account.id}",
        event=event,
        object_kind="share",
        object_id=share_id,
        source=source,
        detail=detail,
    )
