"""What a hospital's front machine is told: what to fetch, what to show, what to delete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from server import clock
from server.cache_applications.lawful import is_lawful, opens_to_hospital
from server.model import (
    Authorisation,
    CacheItem,
    CacheItemState,
    RemoteStudy,
    ScopeKind,
    Study,
)

if TYPE_CHECKING:
    from server.cloud import ImageCloud

MOST_TO_FETCH = 50
_HELD = (CacheItemState.FETCHING, CacheItemState.CACHED)


@dataclass(frozen=True)
class ToFetch:
    """A study to fetch and to keep until then."""

    item_id: str
    keep_until: datetime


@dataclass(frozen=True)
class Opened:
    """A study of another hospital that doctors of this one may read until then."""

    study_uid: str
    until: datetime


@dataclass(frozen=True)
class ToDelete:
    """A study that may not be held any more."""

    item_id: str
    study_uid: str


@dataclass(frozen=True)
class CacheOrders:
    """All that a front machine is told about its cache at one moment."""

    fetch: tuple[ToFetch, ...]
    opened: tuple[Opened, ...]
    delete: tuple[ToDelete, ...]


def orders_for(cloud: ImageCloud, session: Session, institution_id: int) -> CacheOrders:
    """Return what a hospital's front machine has to do about its cache just now.

    Rights are looked up afresh: without a live consent nothing is to be fetched (E-20), and what
    is held by one that ended is to be deleted. Studies of other hospitals are opened by a person's
    authorisation alone (A-35).
    """
    return CacheOrders(
        _to_fetch(session, institution_id),
        _opened(cloud, session, institution_id),
        _to_delete(session, institution_id),
    )


def _to_fetch(session: Session, institution_id: int) -> tuple[ToFetch, ...]:
    now = clock.now()
    rows = session.execute(
        select(CacheItem.item_id, CacheItem.keep_until)
        .where(
            CacheItem.institution_id == institution_id,
            CacheItem.state.in_(
                (CacheItemState.WAITING, CacheItemState.FETCHING, CacheItemState.FAILED)
            ),
            CacheItem.next_try_at <= now,
            CacheItem.keep_until > now,
            is_lawful(),
        )
        .order_by(CacheItem.keep_until, CacheItem.created_at, CacheItem.item_id)
        .limit(MOST_TO_FETCH)
    )
    return tuple(ToFetch(item_id, until) for item_id, until in rows)


def _opened(cloud: ImageCloud, session: Session, institution_id: int) -> tuple[Opened, ...]:
    body_part = func.upper(func.coalesce(Study.body_part, RemoteStudy.body_part))
    in_scope = or_(
        Authorisation.scope_kind == ScopeKind.ALL,
        and_(
            Authorisation.scope_kind == ScopeKind.STUDY,
            Authorisation.scope_value == CacheItem.study_id,
        ),
        and_(
            Authorisation.scope_kind == ScopeKind.BODY_PART,
            Authorisation.scope_value == body_part,
        ),
    )
    rows = session.execute(
        select(CacheItem.study_uid, func.max(Authorisation.expires_at))
        .join(Authorisation, opens_to_hospital(cloud.settings.authorisation_per_encounter))
        .outerjoin(Study, Study.study_id == CacheItem.study_id)
        .outerjoin(RemoteStudy, RemoteStudy.remote_study_id == CacheItem.remote_study_id)
        .where(
            CacheItem.institution_id == institution_id,
            CacheItem.state.in_(_HELD),
            CacheItem.study_uid != "",
            CacheItem.keep_until > clock.now(),
            in_scope,
        )
        .group_by(CacheItem.study_uid)
    )
    return tuple(Opened(study_uid, until) for study_uid, until in rows if until is not None)


def _to_delete(session: Session, institution_id: int) -> tuple[ToDelete, ...]:
    """Return what is held by no right any more, however many items once named it."""
    held = select(CacheItem).where(
        CacheItem.institution_id == institution_id,
        CacheItem.state.in_(_HELD),
        CacheItem.study_uid != "",
        CacheItem.keep_until > clock.now(),
    )
    over = session.scalars(held.where(~is_lawful())).all()
    if not over:
        return ()
    lawful = set(
        session.scalars(
            held.with_only_columns(CacheItem.study_uid).where(
                CacheItem.study_uid.in_({one.study_uid for one in over}), is_lawful()
            )
        )
    )
    return tuple(
        ToDelete(one.item_id, one.study_uid) for one in over if one.study_uid not in lawful
    )
