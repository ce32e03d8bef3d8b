"""An application is recorded, and the own province searched: without any question to the index
module, so that what lies here goes to the front machine at once (D-24, D-25)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.cache_applications.periods import end_at_gateway
from server.clients import CallingClient
from server.model import (
    CacheApplication,
    CacheItem,
    CachingConsent,
    ProcessingState,
    RemoteStudy,
    Study,
)
from server.registrations.visit import VisitFacts


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
    """Let an application hold all studies of its person that lie here; repeatable."""
    here = session.scalars(
        select(Study)
        .where(
            Study.person_id == application.person_id,
            Study.state != ProcessingState.PENDING,
        )
        .order_by(Study.study_datetime.desc())
    ).all()
    known = _known(session, application, CacheItem.study_id)
    for one in here:
        if one.study_id not in known:
            session.add(_item(application, study_id=one.study_id, study_uid=one.study_uid))
    application.local_studies = len(here)
    session.flush()


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
