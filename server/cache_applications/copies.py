"""What profile "001" adds: this centre keeps copies of other provinces' studies for a visit, too.

The profile of the archive says so (server/archive/profiles.toml); the national one keeps none
(X-04, X-05, X-20).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, joinedload

from server import clock
from server.archive import policy
from server.archive.policy import ArchiveProfile
from server.cache_applications import progress
from server.cache_applications.periods import end_at_centre
from server.clock import CHINA
from server.model import (
    ApplicationState,
    CacheApplication,
    CacheItem,
    CacheRequest,
    CacheState,
    CachingConsent,
    RemoteStudy,
)
from server.provinces import applying

if TYPE_CHECKING:
    from server.cloud import ImageCloud


def begin(cloud: ImageCloud, application_id: str) -> list[str]:
    """Have the copies fetched that the profile asks for; return the remote studies' ids.

    Those of the profile's years before the application; kept for its months from the visit, longer
    where a later visit, or YINGYUN_CACHE_DAYS, says so (D-27, D-28). Repeatable.
    """
    rules = policy.profile(cloud.settings.archive_profile)
    if not rules.centre_copy_months:
        return []
    wanted = []
    with cloud.database.session() as session:
        application = session.get_one(CacheApplication, application_id)
        given = session.get_one(CachingConsent, application.consent_id)
        if given.withdrawn_at is not None:
            return []
        end = end_at_centre(application.visit_at, rules.centre_copy_months)
        for remote in _to_copy(session, application, rules):
            if applying.apply_for_hospital(session, remote, given, keep_until=end):
                wanted.append(remote.remote_study_id)
    for remote_study_id in wanted:
        cloud.jobs.fetch_copy(remote_study_id)
    return wanted


def mark_completed(cloud: ImageCloud) -> int:
    """Mark the applications 已完成 whose history was stored here the day after they were made
    (D-27); return how many. For the profile that keeps copies; repeatable, run every minute."""
    rules = policy.profile(cloud.settings.archive_profile)
    if not rules.centre_copy_months:
        return 0
    today = clock.now().astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    count = 0
    with cloud.database.session() as session:
        due = session.scalars(
            select(CacheApplication).where(
                CacheApplication.state == ApplicationState.CACHED,
                CacheApplication.applied_at < today,
                CacheApplication.keep_until > clock.now(),
            )
        ).all()
        for application in due:
            if not _lacks(session, application, rules):
                progress.change(session, application, ApplicationState.COMPLETED)
                count += 1
    return count


def _to_copy(
    session: Session, application: CacheApplication, rules: ArchiveProfile
) -> list[RemoteStudy]:
    return list(
        session.scalars(
            select(RemoteStudy)
            .join(CacheItem, CacheItem.remote_study_id == RemoteStudy.remote_study_id)
            .where(
                CacheItem.application_id == application.application_id,
                RemoteStudy.study_datetime >= _first_day(application, rules),
            )
            .options(joinedload(RemoteStudy.request))
        )
    )


def _lacks(session: Session, application: CacheApplication, rules: ArchiveProfile) -> bool:
    """Whether a study of the years that the profile names has no copy here."""
    here = exists().where(
        CacheRequest.remote_study_id == RemoteStudy.remote_study_id,
        CacheRequest.state == CacheState.CACHED,
    )
    lacking = (
        select(RemoteStudy.remote_study_id)
        .join(CacheItem, CacheItem.remote_study_id == RemoteStudy.remote_study_id)
        .where(
            CacheItem.application_id == application.application_id,
            RemoteStudy.study_datetime >= _first_day(application, rules),
            ~here,
        )
        .limit(1)
    )
    return session.scalar(lacking) is not None


def _first_day(application: CacheApplication, rules: ArchiveProfile) -> datetime:
    applied = application.applied_at.astimezone(CHINA)
    day = policy.after_years(applied.date(), -rules.centre_copy_years)
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)
