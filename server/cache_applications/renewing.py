"""A visit that is registered again: at another hour, or after a consent that was given anew."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock
from server.cache_applications import progress
from server.cache_applications.periods import end_at_gateway
from server.model import (
    ApplicationState,
    CacheApplication,
    CacheItem,
    CacheItemState,
    CachingConsent,
)


def renew(
    session: Session, application: CacheApplication, visit_at: datetime, given: CachingConsent
) -> bool:
    """Let an application be for another hour of the visit, and by a consent that holds.

    The front machine is told the new end of the period (E-26: it may be extended); what it deleted
    with the former consent it fetches again. Returns whether anything changed; audited.
    """
    former = session.get_one(CachingConsent, application.consent_id)
    again = former.withdrawn_at is not None
    if not again and application.visit_at == visit_at:
        return False
    application.visit_at, application.keep_until = visit_at, end_at_gateway(visit_at)
    if again:
        application.consent_id, application.searched_at = given.consent_id, None
        application.failure = ""
    for item in session.scalars(
        select(CacheItem).where(CacheItem.application_id == application.application_id)
    ):
        item.keep_until = application.keep_until
        if item.state != CacheItemState.ENDED or again:
            item.state, item.failure = CacheItemState.WAITING, ""
            item.attempts, item.next_try_at = 0, clock.now()
    progress.change(
        session,
        application,
        ApplicationState.REQUESTED
        if application.searched_at is None
        else ApplicationState.FETCHING,
    )
    audit.record(
        session,
        actor_kind="client",
        actor=f"client:{application.client_id}",
        event="visit.renew",
        object_kind="cache_application",
        object_id=application.application_id,
        detail={"consented_again": again},
    )
    return True
