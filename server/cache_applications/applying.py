"""An application is recorded, and the own province searched: without any question to the index
module, so that what lies here goes to the front machine at once (D-24, D-25)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from server import clock
from server.cache_applications import progress
from server.cache_applications.periods import end_at_gateway
from server.clients import CallingClient
from server.model import (
    CacheApplication,
    CacheItem,
    CacheRequest,
    CachingConsent,
    ProcessingState,
    RemoteStudy,
    Study,
)
from server.registrations.visit import VisitFacts

if TYPE_CHECKING:
    from server.cloud import ImageCloud


def record(
    session: Session,
    caller: CallingClient,
    person_id: int,
    visit: VisitFacts,
    given: CachingConsent,
) -> CacheApplication:
    """Record a hospital's application for a person's history, with what lies in this centre.

    All of it, however old (E-22). The caller commits and then hands it to
    `JobQueue.search_history`.
    """
    made = CacheApplication(
        client_id=caller.client_id,
        institution_id=caller.institution_id,
        person_id=person_id,
        consent_id=given.consent_id,
        encounter=visit.encounter,
        department=visit.department,
        visit_type=visit.visit_type,
        visit_at=visit.visit_at,
        keep_until=end_at_gateway(visit.visit_at),
    )
    session.add(made)
    session.flush()
    add_local(session, made)
    return made


def add_local(session: Session, application: CacheApplication) -> None:
    """Let an application hold all studies of its person that lie here; repeatable.

    A copy that was made for the application itself (profile "001") is its item already.
    """
    copies = (
        select(CacheRequest.study_id)
        .join(CacheItem, CacheItem.remote_study_id == CacheRequest.remote_study_id)
        .where(
            CacheItem.application_id == application.application_id,
            CacheRequest.study_id == Study.study_id,
        )
        .correlate(Study)
    )
    here = session.scalars(
        select(Study)
        .where(
            Study.person_id == application.person_id,
            Study.state == ProcessingState.READY,
            ~copies.exists(),
        )
        .order_by(Study.study_datetime.desc())
    ).all()
    known = _known(session, application, CacheItem.study_id)
    for one in here:
        if one.study_id not in known:
            session.add(_item(application, study_id=one.study_id, study_uid=one.study_uid))
    application.local_studies = len(here)
    session.flush()


def add_news(cloud: ImageCloud) -> int:
    """Let applications under way hold what has come to this centre since; return how many studies.

    Repeatable, run every minute.
    """
    with cloud.database.session() as session:
        news = session.scalars(
            select(CacheApplication)
            .join(Study, Study.person_id == CacheApplication.person_id)
            .join(CachingConsent, CachingConsent.consent_id == CacheApplication.consent_id)
            .where(
                CacheApplication.keep_until > clock.now(),
                CachingConsent.withdrawn_at.is_(None),
                Study.state == ProcessingState.READY,
                ~_held_for().exists(),
            )
            .distinct()
        ).all()
        before = sum(one.local_studies for one in news)
        for application in news:
            add_local(session, application)
            if application.searched_at is not None:
                progress.settle_state(session, application, given_up=False)
        return sum(one.local_studies for one in news) - before


def _held_for() -> Select[str]:
    """Return the items by which an application holds a study, here or where it was copied from."""
    copied = select(CacheRequest.remote_study_id).where(CacheRequest.study_id == Study.study_id)
    return (
        select(CacheItem.item_id)
        .where(
            CacheItem.application_id == CacheApplication.application_id,
            or_(
                CacheItem.study_id == Study.study_id,
                CacheItem.remote_study_id.in_(copied.correlate(Study)),
            ),
        )
        .correlate(CacheApplication, Study)
    )


def add_remote(
    session: Session, application: CacheApplication, elsewhere: Iterable[RemoteStudy]
) -> None:
    """Let an application hold these studies of other provinces; repeatable."""
    found = list(elsewhere)
    known = _known(session, application, CacheItem.remote_study_id)
    for one in found:
        if one.remote_study_id not in known:
            session.add(_item(application, remote_study_id=one.remote_study_id))
    application.remote_studies = len(found)
    session.flush()


def _known(
    session: Session,
    application: CacheApplication,
    column: InstrumentedAttribute[str | None],
) -> set[str | None]:
    return set(
        session.scalars(
            select(column).where(CacheItem.application_id == application.application_id)
        )
    )


def _item(application: CacheApplication, **which: str) -> CacheItem:
    return CacheItem(
        institution_id=application.institution_id,
        person_id=application.person_id,
        application_id=application.application_id,
        keep_until=application.keep_until,
        **which,
    )
