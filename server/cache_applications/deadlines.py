"""Whether caches are complete in time: an alarm for those that are not (E-23, E-24, E-25)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock
from server.alarms import open_alarms, raise_alarm, settle
from server.cache_applications import progress
from server.cache_applications.periods import due_at
from server.cache_applications.reasons import Reason
from server.model import (
    UNFINISHED_ITEM,
    ApplicationState,
    CacheApplication,
    CacheItem,
    CacheItemState,
    CachingConsent,
    Gateway,
    Institution,
    InstitutionClient,
)

if TYPE_CHECKING:
    from server.cloud import ImageCloud

LATE_ALARM = "caching_late"
_UNDER_WAY = (
    ApplicationState.REQUESTED,
    ApplicationState.SEARCHING,
    ApplicationState.FETCHING,
)
_DONE = (ApplicationState.CACHED, ApplicationState.COMPLETED)


def watch(cloud: ImageCloud) -> int:
    """Raise an alarm for each cache that is not complete in time, close those of the others.

    Only hospitals that have a front machine cache. Returns how many are late; repeatable.
    """
    now = clock.now()
    with cloud.database.session() as session:
        late = {
            one.application_id: (one, name)
            for one, name in _incomplete(session)
            if due_at(one.applied_at, one.visit_at) < now
        }
        known = {one.subject for one in open_alarms(session, LATE_ALARM)}
        for application_id in late.keys() - known:
            raise_alarm(session, LATE_ALARM, application_id, _words(late[application_id][1]))
        for application_id in known - late.keys():
            settle(session, LATE_ALARM, application_id)
        return len(late)


def end_periods(cloud: ImageCloud) -> int:
    """End the applications whose period is over and whose studies no front machine came for, with
    the reason; return how many. Repeatable."""
    with cloud.database.session() as session:
        over = session.scalars(
            select(CacheApplication).where(
                CacheApplication.state.in_(_UNDER_WAY), CacheApplication.keep_until <= clock.now()
            )
        ).all()
        for application in over:
            items = select(CacheItem).where(
                CacheItem.application_id == application.application_id,
                CacheItem.state.in_(UNFINISHED_ITEM),
            )
            for item in session.scalars(items):
                item.state, item.next_try_at = CacheItemState.FAILED, None
                item.failure = item.failure or Reason.NOT_FETCHED
            application.failure = application.failure or Reason.NOT_FETCHED
            progress.settle_state(session, application, given_up=True)
        return len(over)


def _incomplete(session: Session) -> list[tuple[CacheApplication, str]]:
    machines = (
        select(InstitutionClient.institution_id)
        .join(Gateway, Gateway.client_id == InstitutionClient.client_id)
        .where(InstitutionClient.disabled_at.is_(None))
    )
    rows = session.execute(
        select(CacheApplication, Institution.name)
        .join(Institution, Institution.id == CacheApplication.institution_id)
        .join(CachingConsent, CachingConsent.consent_id == CacheApplication.consent_id)
        .where(
            CacheApplication.state.not_in(_DONE),
            CacheApplication.keep_until > clock.now(),
            CachingConsent.withdrawn_at.is_(None),
            CacheApplication.institution_id.in_(machines),
        )
    )
    return [(application, name) for application, name in rows]


def _words(hospital: str) -> str:
    return (
        f"{hospital}：一次就诊的历史影像未按时缓存到前置机，请查看缓存申请的原因 / "
        "the history for a visit is not cached in time; see the reasons of the application"
    )
