"""One registration: its record for the index module, and the application for a cache."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock, outbox
from server.authorisations import caching
from server.cache_applications import applying, renewing
from server.clients import CallingClient
from server.model import CacheApplication, Person, opaque_id
from server.registrations.visit import VisitFacts


@dataclass(frozen=True)
class Registered:
    """What a registration led to; without the person's consent there is no application."""

    application: CacheApplication | None

    @property
    def consented(self) -> bool:
        """Whether the person has confirmed that this hospital may cache his history."""
        return self.application is not None


def register_visit(
    session: Session,
    caller: CallingClient,
    person: Person,
    visit: VisitFacts,
    *,
    source: str = "",
) -> Registered:
    """Record a registration, and apply for a cache of the person's history if he confirmed (E-20).

    Twice in a visit is once: the second time tells another hour of the visit, or a consent given
    anew. What lies in this centre is found at once; the rest is searched by
    the job that the caller begins after his commit (`JobQueue.search_history`). The registration
    and the application are both told to the index module.
    """
    known = _application(session, caller.institution_id, person.id, visit.encounter)
    consent = caching.live_consent(
        session, person_id=person.id, institution_id=caller.institution_id
    )
    if known is not None:
        if consent is not None:
            renewing.renew(session, known, visit.visit_at, consent)
        return Registered(known if consent is not None else None)
    application = None
    if consent is not None:
        application = applying.record(session, caller, person.id, visit, consent)
    _tell(session, caller, visit, application, source)
    return Registered(application)


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
        },
    )
