"""Which authorisations hold just now, as conditions of the database.

They are asked at every object anew, so that a withdrawal bites at the next one.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from server import clock, people
from server.consent import PRIVACY_POLICY
from server.model import (
    Account,
    Authorisation,
    AuthorisationMethod,
    AuthorisationState,
    Consent,
    FamilyLink,
    ScopeKind,
    Study,
)


def is_live() -> ColumnElement[bool]:
    """Return the condition on Authorisation for those that hold now.

    One given on a phone ends when its giver takes back his consent to the privacy policy (F-20),
    and when he no longer is the person, or in charge of him (A-09), with an account that is open.
    """
    consents = exists().where(
        Consent.account_id == Authorisation.decided_by,
        Consent.kind == PRIVACY_POLICY,
        Consent.withdrawn_at.is_(None),
    )
    return and_(
        Authorisation.state == AuthorisationState.APPROVED,
        Authorisation.expires_at > clock.now(),
        or_(Authorisation.decided_by.is_(None), and_(consents, _giver_still_may())),
    )


def _giver_still_may() -> ColumnElement[bool]:
    """Return the condition that whoever decided could decide it today."""
    in_charge = exists().where(
        FamilyLink.guardian_id == Account.person_id,
        FamilyLink.member_id == Authorisation.person_id,
        people.is_live_link(),
    )
    return (
        exists()
        .where(
            Account.id == Authorisation.decided_by,
            Account.active,
            or_(
                Account.person_id == Authorisation.person_id,
                in_charge.correlate(Account, Authorisation),
            ),
        )
        .correlate(Authorisation)
    )


def of_encounter(encounter: str | None) -> ColumnElement[bool]:
    """Return the condition for those of the present visit (当次就诊, H-03); None is any visit.

    "" is no known visit: then only emergency access holds.
    """
    if encounter is None:
        return Authorisation.state.is_not(None)
    emergency = Authorisation.method == AuthorisationMethod.EMERGENCY
    if not encounter:
        return emergency
    return or_(emergency, Authorisation.encounter == encounter)


def covers(study_columns: type[Study] = Study) -> ColumnElement[bool]:
    """Return the condition that an authorisation's person and scope take in a study."""
    scope = or_(
        Authorisation.scope_kind == ScopeKind.ALL,
        and_(
            Authorisation.scope_kind == ScopeKind.STUDY,
            Authorisation.scope_value == study_columns.study_id,
        ),
        and_(
            Authorisation.scope_kind == ScopeKind.BODY_PART,
            Authorisation.scope_value == func.upper(study_columns.body_part),
        ),
    )
    return and_(Authorisation.person_id == study_columns.person_id, scope)


def opens(account_id: int, institution_id: int, encounter: str | None) -> ColumnElement[bool]:
    """Return the condition on Study: opened to a doctor of an institution by an authorisation
    whose notice he accepted (F-25)."""
    return exists().where(
        Authorisation.account_id == account_id,
        Authorisation.institution_id == institution_id,
        Authorisation.notice_accepted_at.is_not(None),
        is_live(),
        of_encounter(encounter),
        covers(),
    )


def live_for(
    session: Session, account_id: int, person_id: int, encounter: str | None = None
) -> Sequence[Authorisation]:
    """Return a doctor's live authorisations for a person, the longest first.

    `encounter` None counts those of any visit; else only the present visit's (H-03).
    """
    return session.scalars(
        select(Authorisation)
        .where(
            Authorisation.account_id == account_id,
            Authorisation.person_id == person_id,
            is_live(),
            of_encounter(encounter),
        )
        .order_by(Authorisation.expires_at.desc(), Authorisation.authorisation_id)
    ).all()


def awaiting_notice(
    session: Session, account_id: int, institution_id: int, study: Study, encounter: str | None
) -> Authorisation | None:
    """Return the live authorisation for a study whose notice is still to be accepted.

    None where there is none, or where another one opens the study already.
    """
    if study.institution_id == institution_id:
        return None
    found = session.scalars(
        select(Authorisation)
        .join(Study, Study.study_id == study.study_id)
        .where(
            Authorisation.account_id == account_id,
            Authorisation.institution_id == institution_id,
            is_live(),
            of_encounter(encounter),
            covers(),
        )
    ).all()
    if any(one.notice_accepted_at is not None for one in found):
        return None
    return found[0] if found else None
