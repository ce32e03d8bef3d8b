"""What was not cached and why, for the console: of no patient's name or number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock
from server.cache_applications.words import words
from server.model import CacheApplication, CacheItem, Institution, RemoteStudy

MOST = 200


@dataclass(frozen=True)
class Trouble:
    """One study, or the search for studies ("" `centre`), that did not succeed yet.

    `words` Chinese / English; `next_try_at` None where nothing is tried any more by itself.
    """

    at: datetime
    institution: str
    centre: str
    attempts: int
    words: str
    next_try_at: datetime | None


def troubles(session: Session, institution_id: int | None = None) -> Sequence[Trouble]:
    """Return what front machines wait for in vain just now, the newest first."""
    found = [*_searches(session, institution_id), *_items(session, institution_id)]
    return sorted(found, key=lambda one: one.at, reverse=True)[:MOST]


def _items(session: Session, institution_id: int | None) -> list[Trouble]:
    wanted = (
        select(CacheItem, Institution.name, RemoteStudy.centre)
        .join(Institution, Institution.id == CacheItem.institution_id)
        .outerjoin(RemoteStudy, RemoteStudy.remote_study_id == CacheItem.remote_study_id)
        .where(CacheItem.failure != "", CacheItem.keep_until > clock.now())
        .order_by(CacheItem.updated_at.desc())
        .limit(MOST)
    )
    if institution_id is not None:
        wanted = wanted.where(CacheItem.institution_id == institution_id)
    return [
        Trouble(
            one.updated_at, name, centre or "-", one.attempts, words(one.failure), one.next_try_at
        )
        for one, name, centre in session.execute(wanted)
    ]


def _searches(session: Session, institution_id: int | None) -> list[Trouble]:
    wanted = (
        select(CacheApplication, Institution.name)
        .join(Institution, Institution.id == CacheApplication.institution_id)
        .where(CacheApplication.failure != "", CacheApplication.keep_until > clock.now())
        .order_by(CacheApplication.updated_at.desc())
        .limit(MOST)
    )
    if institution_id is not None:
        wanted = wanted.where(CacheApplication.institution_id == institution_id)
    return [
        Trouble(one.updated_at, name, "", 0, words(one.failure), None)
        for one, name in session.execute(wanted)
    ]
