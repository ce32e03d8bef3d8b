"""Consent, given at registration (挂号), that a hospital may cache a person's history (A-47, E-20).

The hospital's registration screen shows `CACHING_TEXT`; the person confirms. Without a live consent
no hospital may apply for a cache: `may_cache` is what whoever applies must ask first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, joinedload

from server import audit, clock, outbox, people
from server.authorisations.errors import AuthorisationRefused, Refusal
from server.authorisations.terms import LONGEST_ENCOUNTER
from server.model import Account, CachingConsent, Institution, Person, Role

TEXT_VERSION = "2026-11"
CACHING_TEXT = (
    "为便于您本次就诊，经您确认，本院可以从医保影像云预先取得您在其他医院的历史影像检查资料并在院内"
    "临时缓存，仅供本院医生在您另行授权后为您诊疗时调阅；缓存到期自动删除。您可以不同意，也可以随时在"
    "“我的授权”中撤回，不影响您就诊。"
)


def record_caching_consent(
    session: Session,
    *,
    person: Person,
    institution: Institution,
    encounter: str = "",
    actor: str = "",
    source: str = "",
) -> CachingConsent:
    """Record that a person confirmed at a hospital's registration; twice in a visit is once.

    `actor` names who sent it (a client of the hospital's system), for the audit log.
    """
    known = session.scalars(
        select(CachingConsent).where(
            *_live(person.id, institution.id), CachingConsent.encounter == encounter
        )
    ).first()
    if known is not None:
        return known
    made = CachingConsent(
        person_id=person.id,
        institution_id=institution.id,
        encounter=encounter[:LONGEST_ENCOUNTER],
        text_version=TEXT_VERSION,
        text_sha256=hashlib.sha256(CACHING_TEXT.encode()).hexdigest(),
    )
    session.add(made)
    session.flush()
    _note(session, made, "caching.give", institution.code, actor or "registration", source)
    return made


def may_cache(session: Session, *, person_id: int, institution_id: int) -> bool:
    """Whether a hospital may apply for a cache of a person's history just now (E-20)."""
    return live_consent(session, person_id=person_id, institution_id=institution_id) is not None


def live_consent(session: Session, *, person_id: int, institution_id: int) -> CachingConsent | None:
    """Return the newest consent by which a hospital may apply for a cache just now (E-20)."""
    wanted = select(CachingConsent).where(*_live(person_id, institution_id))
    newest = wanted.order_by(CachingConsent.given_at.desc(), CachingConsent.consent_id)
    return session.scalars(newest.limit(1)).first()


def caching_consents_of(session: Session, account: Account) -> Sequence[CachingConsent]:
    """Return the caching consents of a patient and his family, newest first."""
    persons = people.visible_persons(session, account.person_id)
    return session.scalars(
        select(CachingConsent)
        .where(CachingConsent.person_id.in_(persons))
        .options(joinedload(CachingConsent.institution))
        .order_by(CachingConsent.given_at.desc(), CachingConsent.consent_id)
    ).all()


def withdraw_caching_consent(
    session: Session, *, account: Account, consent_id: str, source: str = ""
) -> CachingConsent:
    """End a consent to caching. Raises AuthorisationRefused."""
    found = session.get(CachingConsent, consent_id)
    persons = people.visible_persons(session, account.person_id)
    if account.role != Role.PATIENT or found is None or found.person_id not in persons:
        raise AuthorisationRefused(Refusal.NOT_YOURS)
    if found.withdrawn_at is not None:
        raise AuthorisationRefused(Refusal.ENDED)
    found.withdrawn_at = clock.now()
    actor = f"account:{account.id}"
    _note(session, found, "caching.withdraw", found.institution.code, actor, source)
    return found


def _live(person_id: int, institution_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        CachingConsent.person_id == person_id,
        CachingConsent.institution_id == institution_id,
        CachingConsent.withdrawn_at.is_(None),
    )


def _note(
    session: Session, one: CachingConsent, event: str, code: str, actor: str, source: str
) -> None:
    told = {"consent_id": one.consent_id, "event": event, "institution_code": code}
    outbox.put(session, "consent", told | {"at": clock.now().isoformat()}, about=one.consent_id)
    audit.record(
        session,
        actor_kind="account" if actor.startswith("account:") else "client",
        actor=actor,
        event=event,
        object_kind="caching_consent",
        object_id=one.consent_id,
        source=source,
        detail={"text_version": one.text_version},
    )
