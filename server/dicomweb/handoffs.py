"""Handing one study to a viewer outside the browser: a token for minutes, of what its giver may.

The page that shows `weasis://…` (C-26) mints it; the viewer sends it as `Authorization: Bearer`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server import access, audit, clock
from server.access import Action, Grant, GrantKind
from server.accounts.sessions import hash_token
from server.model import Account, Share, Study, ViewerHandoff

if TYPE_CHECKING:
    from server.cloud import ImageCloud

PREFIX = "handoff-"  # tells it from clients' tokens before anything is looked up
LIFETIME = timedelta(minutes=30)
MOST_AT_ONCE = 10  # of one account or share; a reading doctor has two or three studies open
ACTION = Action.DOWNLOAD  # a viewer keeps the files it fetches


@dataclass(frozen=True)
class Handoff:
    """A token, shown this once, and the address that it opens."""

    token: str
    study_uid: str
    dicomweb_url: str
    expires_at: datetime


@dataclass(frozen=True)
class OpenHandoff:
    """What a live token stands for."""

    grant: Grant
    study: Study
    series_ids: frozenset[str] | None


def mint(
    cloud: ImageCloud,
    session: Session,
    grant: Grant,
    study: Study,
    *,
    series_ids: frozenset[str] | None = None,
    lifetime: timedelta = LIFETIME,
) -> Handoff:
    """Return a token that opens one study, all of it or some series, over DICOMweb.

    Raises AccessDenied unless the grant allows downloads just now. Of the same giver's tokens
    `MOST_AT_ONCE` are live; one more ends the oldest. It ends after `lifetime`, and
    before that with the account, link, authorisation, share or launch that the grant stands on.
    """
    access.authorize(cloud, session, grant, ACTION, study)
    chosen = _within(grant.series_ids, series_ids)
    for series_id in chosen or ():
        access.authorize(cloud, session, grant, ACTION, study, series_id)
    _end_oldest(session, grant)
    token = PREFIX + secrets.token_urlsafe(32)
    expires_at = min(clock.now() + lifetime, grant.expires_at)
    session.add(
        ViewerHandoff(
            token_hash=hash_token(token),
            study_id=study.study_id,
            kind=grant.kind,
            account_id=grant.account_id,
            share_id=grant.share_id,
            launch_id=grant.launch_id,
            series_ids=None if chosen is None else sorted(chosen),
            expires_at=expires_at,
        )
    )
    _note(session, grant, study, "handoff.mint")
    return Handoff(token, study.study_uid, f"{cloud.settings.base_url}/dicom-web", expires_at)


def opened(cloud: ImageCloud, session: Session, token: str, *, source: str) -> OpenHandoff | None:
    """Return what a token opens, with a grant made afresh; None once over or never there.

    The grant has yet to be authorised (`ACTION`), at every request.
    """
    if not token.startswith(PREFIX):
        return None
    kept = session.scalar(
        select(ViewerHandoff).where(
            ViewerHandoff.token_hash == hash_token(token),
            ViewerHandoff.expires_at > clock.now(),
            ViewerHandoff.revoked_at.is_(None),
        )
    )
    if kept is None:
        return None
    grant = _grant(cloud, session, kept, source)
    study = session.get(Study, kept.study_id)
    if grant is None or study is None:
        return None
    chosen = None if kept.series_ids is None else frozenset(kept.series_ids)
    return OpenHandoff(grant, study, _within(grant.series_ids, chosen))


def revoke(session: Session, token: str) -> None:
    """End a token before its time; one that is none is no error."""
    session.execute(
        update(ViewerHandoff)
        .where(ViewerHandoff.token_hash == hash_token(token), ViewerHandoff.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def _end_oldest(session: Session, grant: Grant) -> None:
    """Make room for one more token of a giver."""
    oldest = session.scalars(
        select(ViewerHandoff)
        .where(
            ViewerHandoff.account_id == grant.account_id
            if grant.share_id is None
            else ViewerHandoff.share_id == grant.share_id,
            ViewerHandoff.expires_at > clock.now(),
            ViewerHandoff.revoked_at.is_(None),
        )
        .order_by(ViewerHandoff.created_at.desc())
        .offset(MOST_AT_ONCE - 1)
        .with_for_update()
    )
    for one in oldest:
        one.revoked_at = clock.now()


def _grant(cloud: ImageCloud, session: Session, kept: ViewerHandoff, source: str) -> Grant | None:
    if kept.kind == GrantKind.SHARE:
        share = session.get(Share, kept.share_id, populate_existing=True)
        return None if share is None else access.share_grant(share, source=source)
    account = session.get(Account, kept.account_id, populate_existing=True)
    if account is None:
        return None
    if kept.kind == GrantKind.PATIENT:
        return access.patient_grant(cloud, session, account, source=source)
    return access.doctor_grant(cloud, session, account, launch_id=kept.launch_id, source=source)


def _within(allowed: frozenset[str] | None, chosen: frozenset[str] | None) -> frozenset[str] | None:
    if allowed is None or chosen is None:
        return chosen if allowed is None else allowed
    return allowed & chosen


def _note(session: Session, grant: Grant, study: Study, event: str) -> None:
    audit.record(
        session,
        actor_kind="recipient" if grant.kind is GrantKind.SHARE else "account",
        actor=grant.subject,
        event=event,
        object_kind="study",
        object_id=study.study_id,
        source=grant.source,
    )
