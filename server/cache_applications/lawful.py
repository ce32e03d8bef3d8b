"""By what right a front machine holds a study just now, as conditions of the database."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, or_, true

from server.authorisations import live
from server.model import Authorisation, CacheApplication, CacheItem, CachingConsent


def is_lawful() -> ColumnElement[bool]:
    """Return the condition on CacheItem: the consent at registration is not taken back (E-20), or
    the authorisation of the retrieval holds and its notice was accepted (D-29, F-25)."""
    consented = exists().where(
        CacheApplication.application_id == CacheItem.application_id,
        CachingConsent.consent_id == CacheApplication.consent_id,
        CachingConsent.withdrawn_at.is_(None),
    )
    authorised = exists().where(
        Authorisation.authorisation_id == CacheItem.authorisation_id,
        Authorisation.notice_accepted_at.is_not(None),
        live.is_live(),
    )
    return or_(consented, authorised)


def opens_to_hospital(per_encounter: bool) -> ColumnElement[bool]:
    """Return the condition on Authorisation joined with CacheItem: some doctor of the hospital may
    read the person's studies of other hospitals.

    With `per_encounter` only one of the item's own visit counts, or an emergency (H-03).
    """
    this_visit: ColumnElement[bool] = true()
    if per_encounter:
        this_visit = exists().where(
            CacheApplication.application_id == CacheItem.application_id,
            live.of_encounter("") | (Authorisation.encounter == CacheApplication.encounter),
        )
        this_visit = or_(this_visit, Authorisation.authorisation_id == CacheItem.authorisation_id)
    return (
        (Authorisation.person_id == CacheItem.person_id)
        & (Authorisation.institution_id == CacheItem.institution_id)
        & Authorisation.notice_accepted_at.is_not(None)
        & live.is_live()
        & this_visit
    )
