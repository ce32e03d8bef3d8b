"""How far an application is: noted at each of its studies, told in one state, audited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import audit, clock, outbox
from server.alarms import raise_alarm, settle
from server.cache_applications.reasons import Reason
from server.cache_applications.words import words
from server.model import (
    UNFINISHED_ITEM,
    ApplicationState,
    CacheApplication,
    CacheItem,
    CacheItemState,
    Institution,
)

FAILED_ALARM = "caching_failed"
REPEATS = 3  # at least, before anybody is alarmed (E-25)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=10)
NOT_REVIEWED = "not_reviewed"  # as the other centre says it
_QUIET = frozenset({NOT_REVIEWED, Reason.SENSITIVE, Reason.CONSENT})


def state_of(
    application: CacheApplication, items: Mapping[CacheItemState, int], *, given_up: bool
) -> ApplicationState:
    """Return the state that follows from the search and from how many studies are how far."""
    if application.searched_at is None and not given_up:
        return ApplicationState.SEARCHING
    if any(items.get(one) for one in UNFINISHED_ITEM):
        return ApplicationState.FETCHING
    failed = items.get(CacheItemState.FAILED, 0) > 0 or application.searched_at is None
    if failed:
        here = items.get(CacheItemState.CACHED, 0) > 0
        return ApplicationState.PARTLY if here else ApplicationState.FAILED
    return ApplicationState.CACHED


def settle_state(session: Session, application: CacheApplication, *, given_up: bool) -> None:
    """Put an application into the state that follows, audited where that is another."""
    session.flush()
    rows = session.execute(
        select(CacheItem.state, func.count())
        .where(CacheItem.application_id == application.application_id)
        .group_by(CacheItem.state)
    )
    items: Counter[CacheItemState] = Counter(dict(iter(rows)))
    change(session, application, state_of(application, items, given_up=given_up))


def change(session: Session, application: CacheApplication, state: ApplicationState) -> None:
    """Let an application be in a state; its alarm closes where nothing is wrong any more."""
    application.updated_at = clock.now()
    if application.state == state:
        return
    application.state = state
    if state in (ApplicationState.CACHED, ApplicationState.COMPLETED):
        settle(session, FAILED_ALARM, application.application_id)
    audit.record(
        session,
        actor_kind="system",
        actor="caching",
        event="cache.application",
        object_kind="cache_application",
        object_id=application.application_id,
        result="failure" if state is ApplicationState.FAILED else "success",
        reason=application.failure,
        detail={"state": str(state)},
    )


def arrived(session: Session, item: CacheItem, objects: int, *, actor: str) -> None:
    """Note that a study lies at the front machine, and tell the index module (E-21)."""
    now = clock.now()
    item.state, item.failure, item.next_try_at = CacheItemState.CACHED, "", None
    item.cached_at = item.updated_at = now
    _tell(session, item, "downloaded", {"objects": objects}, actor)
    settle(session, FAILED_ALARM, item.item_id)
    _settle_of(session, item)


def failed(session: Session, item: CacheItem, reason: str, *, final: bool) -> None:
    """Note that a try failed; the next comes by itself, later each time, unless it is final.

    After three repeats there is an alarm (E-25), and the tries go on. A report that still has to
    be reviewed, and what somebody forbade, alarm nobody.
    """
    now = clock.now()
    item.attempts += 1
    item.failure, item.updated_at = reason[:40], now
    pause = LONGEST_PAUSE if reason in _QUIET else _pause(item.attempts)
    item.next_try_at = None if final and reason != NOT_REVIEWED else now + pause
    if final or item.attempts > REPEATS:
        item.state = CacheItemState.FAILED
        if reason not in _QUIET:
            hospital = session.get_one(Institution, item.institution_id).name
            raise_alarm(session, FAILED_ALARM, item.item_id, f"{hospital}：{words(reason)}")
    _settle_of(session, item)


def postponed(item: CacheItem, reason: str, until: datetime) -> None:
    """Let a study wait for something that is under way here; no failure."""
    item.failure, item.updated_at, item.next_try_at = reason, clock.now(), until


def ended(session: Session, item: CacheItem, objects: int, *, actor: str) -> None:
    """Note that the front machine deleted a study at the end of its period or consent (F-29)."""
    item.state, item.next_try_at, item.updated_at = CacheItemState.ENDED, None, clock.now()
    settle(session, FAILED_ALARM, item.item_id)
    _tell(session, item, "deleted", {"objects": objects}, actor)


def read(session: Session, item: CacheItem, objects: int, *, actor: str) -> None:
    """Note that a study was retrieved at the hospital from its front machine (F-10)."""
    _tell(session, item, "read", {"objects": objects}, actor)


def _tell(
    session: Session, item: CacheItem, event: str, facts: Mapping[str, int], actor: str
) -> None:
    kind = "retrieval" if event == "read" else "cache"
    told = {
        "event": event,
        "institution": item.institution_id,
        "application_id": item.application_id or "",
        "study_id": item.study_id or "",
        "at": clock.now().isoformat(),
        **facts,
    }
    outbox.put(session, kind, told, about=item.study_id or item.item_id)
    audit.record(
        session,
        actor_kind="client",
        actor=actor,
        event=f"cache.{event}",
        object_kind="cache_item",
        object_id=item.item_id,
        detail={"application": item.application_id or "", **facts},
    )


def _settle_of(session: Session, item: CacheItem) -> None:
    if item.application is not None:
        given_up = item.application.state in (ApplicationState.PARTLY, ApplicationState.FAILED)
        settle_state(session, item.application, given_up=given_up)


def _pause(attempts: int) -> timedelta:
    longer: timedelta = FIRST_PAUSE * 3 ** min(attempts - 1, 10)
    return min(longer, LONGEST_PAUSE)
