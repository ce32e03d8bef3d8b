"""One registration: its record for the index module, and the application for a cache."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import audit, clock, outbox
from server.authorisations import caching
from server.clients import CallingClient
from server.clock import CHINA
from server.model import (
    ApplicationState,
    CacheApplication,
    CachingConsent,
    CarePurpose,
    Person,
    Study,
    opaque_id,
)
from server.provinces import elsewhere

if TYPE_CHECKING:
    from server.cloud import ImageCloud

# 缓存期限: three days from the visit, to the end of the day (E-26; 000-A 七(三)2 note 6).
KEPT_DAYS = 3


@dataclass(frozen=True)
class VisitFacts:
    """The visit for which somebody registers."""

    encounter: str
    department: str
    visit_type: CarePurpose
    visit_at: datetime


@dataclass(frozen=True)
class Registered:
    """What a registration led to; without the person's consent there is no application."""

    application: CacheApplication | None

    @property
    def consented(self) -> bool:
        """Whether the person has confirmed that this hospital may cache his history."""
        return self.application is not None


def register_visit(
    cloud: ImageCloud,
    session: Session,
    caller: CallingClient,
    person: Person,
    visit: VisitFacts,
    *,
    source: str = "",
) -> Registered:
    """Record a registration, and apply for a cache of the person's history if he confirmed (E-20).

    Twice in a visit is once. Other provinces are asked for their index before (E-22: all history,
    without a window). The registration and the application are both told to the index module.
    """
    known = _application(session, caller.institution_id, person.id, visit.encounter)
    if known is not None:
        return Registered(known)
    consent = caching.live_consent(
        session, person_id=person.id, institution_id=caller.institution_id
    )
    application = None
    if consent is not None:
        elsewhere.refresh(cloud, [person.id])
        application = _apply(session, caller, person, visit, consent)
    _tell(session, caller, visit, application, source)
    return Registered(application)


def keep_until(visit_at: datetime) -> datetime:
    """Return the end of the third day after a visit, in China: 2025-10-15 gives 10-18 24:00."""
    day = visit_at.astimezone(CHINA).date() + timedelta(days=KEPT_DAYS + 1)
    return datetime.combine(day, time(), tzinfo=CHINA)


def _application(
    session: Session, institution_id: int, person_id: int, encounter: str
) -> CacheApplication | None:
    return session.scalar(
        select(CacheApplication).where(
            CacheApplication.institution_id == institution_id,
            CacheApplication.person_id == person_id,
            CacheApplication.encounter == encounter,
        )
    )


def _apply(
    session: Session,
    caller: CallingClient,
    person: Person,
    visit: VisitFacts,
    consent: CachingConsent,
) -> CacheApplication:
    here = session.scalar(select(func.count()).where(Study.person_id == person.id)) or 0
    away = len(elsewhere.studies_elsewhere(session, {person.id}))
    made = CacheApplication(
        client_id=caller.client_id,
        institution_id=caller.institution_id,
        person_id=person.id,
        consent_id=consent.consent_id,
        encounter=visit.encounter,
        department=visit.department,
        visit_type=visit.visit_type,
        visit_at=visit.visit_at,
        state=ApplicationState.RECEIVED if away else ApplicationState.LOCAL,
        local_studies=here,
        remote_studies=away,
        keep_until=keep_until(visit.visit_at),
    )
    session.add(made)
    session.flush()
    return made


def _tell(
    session: Session,
    caller: CallingClient,
    visit: VisitFacts,
    application: CacheApplication | None,
    source: str,
) -> None:
    """Put both records into the outbox (E-21), opaque ids and instants alone, and audit them."""
    # The number of the visit is a person's: without an application there is no better name.
    about = application.application_id if application is not None else opaque_id()
    facts = {
        "institution": caller.institution_id,
        "visit_type": str(visit.visit_type),
        "visit_at": visit.visit_at.isoformat(),
        "at": clock.now().isoformat(),
    }
    outbox.put(session, "registration", facts | {"consented": application is not None}, about=about)
    if application is not None:
        told = {"event": "applied", "application_id": about, "consent_id": application.consent_id}
        outbox.put(session, "cache", facts | told, about=about)
    audit.record(
        session,
        actor_kind="client",
        actor=f"client:{caller.client_id}",
        event="visit.register",
        object_kind="cache_application" if application is not None else "visit",
        object_id=application.application_id if application is not None else "",
        source=source,
        detail={
            "consented": application is not None,
            "local": application.local_studies if application is not None else 0,
            "remote": application.remote_studies if application is not None else 0,
        },
    )
