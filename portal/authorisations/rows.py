"""Authorisations as their pages are given them: all words made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.authorisations import words
from portal.context import database_session
from server import people
from server.authorisations import shown_state
from server.authorisations.evidence import (
    EmergencyEvidence,
    PhysicianAssistedEvidence,
    from_row,
)
from server.model import (
    Authorisation,
    AuthorisationMethod,
    AuthorisationState,
    ReviewState,
    ScopeKind,
    Study,
)


@dataclass(frozen=True)
class AuthorisationRow:
    """One request or authorisation. Instants are UTC; the template shows them in China's time."""

    authorisation_id: str
    institution_name: str
    doctor: str
    person_name: str
    person_masked: str
    purpose: str
    method: str
    scope: str
    state: AuthorisationState
    state_label: str
    badge: str
    encounter: str
    requested_at: datetime
    answer_by: datetime
    decided_at: datetime | None
    expires_at: datetime | None
    withdrawn_at: datetime | None
    reason: str
    review: str
    review_open: bool
    review_note: str
    emergency: bool
    written: bool

    @property
    def href(self) -> str:
        """The patient's page of it."""
        return f"/authorisations/{self.authorisation_id}"

    @property
    def doctor_href(self) -> str:
        """The doctor's page of it."""
        return f"/doctor/requests/{self.authorisation_id}"


def row(one: Authorisation, study: Study | None = None) -> AuthorisationRow:
    """Return an authorisation as it is shown; `study` is the one its scope names, if it does."""
    state = shown_state(one)
    return AuthorisationRow(
        authorisation_id=one.authorisation_id,
        institution_name=one.institution.name,
        doctor=words.account_words(one.account),
        person_name=one.person.name,
        person_masked=people.mask_name(one.person.name),
        purpose=words.purpose_words(one.purpose),
        method=words.method_words(one.method),
        scope=words.scope_words(one, study),
        state=state,
        state_label=words.state_words(state),
        badge=words.state_badge(state),
        encounter=one.encounter,
        requested_at=one.requested_at,
        answer_by=one.answer_by,
        decided_at=one.decided_at,
        expires_at=one.expires_at,
        withdrawn_at=one.withdrawn_at,
        reason=_reason(one),
        review=words.review_words(one.review),
        review_open=one.review == ReviewState.PENDING,
        review_note=one.review_note,
        emergency=one.method == AuthorisationMethod.EMERGENCY,
        written=one.method == AuthorisationMethod.WRITTEN,
    )


def rows(found: list[Authorisation]) -> list[AuthorisationRow]:
    """Return authorisations as they are shown, in the order given."""
    studies = _studies(found)
    return [row(one, studies.get(one.scope_value)) for one in found]


def _studies(found: list[Authorisation]) -> Mapping[str, Study]:
    wanted = {one.scope_value for one in found if one.scope_kind == ScopeKind.STUDY}
    if not wanted:
        return {}
    studies = database_session().scalars(
        select(Study).where(Study.study_id.in_(wanted)).options(joinedload(Study.institution))
    )
    return {one.study_id: one for one in studies}


def _reason(one: Authorisation) -> str:
    proof = from_row(AuthorisationMethod(one.method), one.evidence)
    if isinstance(proof, EmergencyEvidence):
        return proof.reason
    if isinstance(proof, PhysicianAssistedEvidence):
        return "：".join(
            part for part in (words.reason_words(proof.reason), proof.explanation) if part
        )
    return ""
