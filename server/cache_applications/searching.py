"""The job that asks the index module for what an application finds in no study here (D-26)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server import clock
from server.alarms import raise_alarm
from server.cache_applications import applying, progress
from server.cache_applications.reasons import Reason
from server.cache_applications.words import words
from server.model import ApplicationState, CacheApplication, CachingConsent, IndexAnswer
from server.provinces import elsewhere

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

# So long after the last try of the queue the sweep begins anew.
_AGAIN_AFTER = timedelta(minutes=10)
_BEGUN = (ApplicationState.REQUESTED, ApplicationState.SEARCHING)


class SearchInterruptedError(RuntimeError):
    """The index module did not answer; the queue tries again."""


def attempt(cloud: ImageCloud, application_id: str, *, last: bool) -> None:
    """Search once: this centre anew, then the index module; note what is to be fetched.

    Raises SearchInterruptedError when a later try is due. With `last` there is none for now: the
    application has failed (partly, where studies lie here), and an operator is alarmed (E-25).
    """
    person_id = _begin(cloud, application_id)
    if person_id is None:
        return
    elsewhere.refresh(cloud, [person_id], insist=True)
    with cloud.database.session() as session:
        application = session.get_one(CacheApplication, application_id)
        failure = _failure(cloud, session, person_id)
        application.failure = failure
        if failure:
            _failed(session, application, last=last)
        else:
            found = elsewhere.studies_elsewhere(session, {person_id})
            applying.add_remote(session, application, found)
            application.searched_at = clock.now()
            progress.settle_state(session, application, given_up=False)
    if failure and not last:
        raise SearchInterruptedError(failure)
    if not failure:
        _keep_copies(cloud, application_id)


def unfinished(session: Session) -> Sequence[str]:
    """Return the applications whose search is still to be done, or is due again."""
    now = clock.now()
    return session.scalars(
        select(CacheApplication.application_id)
        .join(CachingConsent, CachingConsent.consent_id == CacheApplication.consent_id)
        .where(
            CacheApplication.searched_at.is_(None),
            CacheApplication.keep_until > now,
            CachingConsent.withdrawn_at.is_(None),
            or_(
                CacheApplication.state.in_(_BEGUN),
                CacheApplication.updated_at <= now - _AGAIN_AFTER,
            ),
        )
    ).all()


def _begin(cloud: ImageCloud, application_id: str) -> int | None:
    """Note that a search begins; return for whom, None where there is none to do."""
    with cloud.database.session() as session:
        application = session.get(CacheApplication, application_id)
        if application is None or application.searched_at is not None:
            return None
        given = session.get_one(CachingConsent, application.consent_id)
        if given.withdrawn_at is not None:
            application.failure = Reason.CONSENT
            progress.change(session, application, ApplicationState.FAILED)
            return None
        applying.add_local(session, application)
        if application.state in _BEGUN:
            progress.change(session, application, ApplicationState.SEARCHING)
        return application.person_id


def _failure(cloud: ImageCloud, session: Session, person_id: int) -> str:
    """Return why the index module did not answer, "" where it did, or where there is none."""
    if cloud.settings.provinces_file is None:
        return ""
    answer = session.get(IndexAnswer, person_id)
    return answer.failure if answer is not None else ""


def _failed(session: Session, application: CacheApplication, *, last: bool) -> None:
    log.warning(
        "history_not_searched",
        application_id=application.application_id,
        reason=application.failure,
        last=last,
    )
    if last:
        progress.settle_state(session, application, given_up=True)
        raise_alarm(
            session,
            progress.FAILED_ALARM,
            application.application_id,
            f"缓存申请未能查询全国索引：{words(application.failure)}",
        )


def _keep_copies(cloud: ImageCloud, application_id: str) -> None:
    # Imported here: `copies` needs the state of applications that this module sets.
    from server.cache_applications import copies

    copies.begin(cloud, application_id)
