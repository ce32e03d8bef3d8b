"""Applications for a cache, and the registrations (挂号) with which they came."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server.centre.records.wanted import Record, Wanted, masked
from server.model import CacheApplication, CachingConsent, Institution, Person


def applications(session: Session, wanted: Wanted, most: int | None) -> Iterator[Record]:
    """Yield the applications of hospitals' gateways (缓存申请记录)."""
    query = (
        select(CacheApplication)
        .where(
            CacheApplication.applied_at >= wanted.period.start,
            CacheApplication.applied_at < wanted.period.end,
        )
        .options(joinedload(CacheApplication.institution), joinedload(CacheApplication.person))
        .order_by(CacheApplication.applied_at.desc())
        .limit(most)
    )
    if wanted.institution_id is not None:
        query = query.where(CacheApplication.institution_id == wanted.institution_id)
    if wanted.person_id is not None:
        query = query.where(CacheApplication.person_id == wanted.person_id)
    for one in session.scalars(query):
        yield Record(
            time=one.applied_at,
            institution=one.institution.name,
            person=masked(one.person.name),
            what=f"{one.local_studies} + {one.remote_studies}",
            who=one.encounter,
            state=str(one.state),
            reference=one.application_id,
        )


def registrations(session: Session, wanted: Wanted, most: int | None) -> Iterator[Record]:
    """Yield the registrations at which a person was asked for consent (挂号记录)."""
    application = (
        select(CacheApplication.department)
        .where(
            CacheApplication.institution_id == CachingConsent.institution_id,
            CacheApplication.person_id == CachingConsent.person_id,
            CacheApplication.encounter == CachingConsent.encounter,
        )
        .limit(1)
        .correlate(CachingConsent)
        .scalar_subquery()
    )
    query = (
        select(CachingConsent, Institution.name, Person.name, application)
        .join(Institution, Institution.id == CachingConsent.institution_id)
        .join(Person, Person.id == CachingConsent.person_id)
        .where(
            CachingConsent.given_at >= wanted.period.start,
            CachingConsent.given_at < wanted.period.end,
        )
        .order_by(CachingConsent.given_at.desc())
        .limit(most)
    )
    if wanted.institution_id is not None:
        query = query.where(CachingConsent.institution_id == wanted.institution_id)
    if wanted.person_id is not None:
        query = query.where(CachingConsent.person_id == wanted.person_id)
    for one, institution, person, department in session.execute(query):
        yield Record(
            time=one.given_at,
            institution=institution,
            person=masked(person),
            what=department or "",
            who=one.encounter,
            state="withdrawn" if one.withdrawn_at else "consented",
            reference=one.consent_id,
        )
