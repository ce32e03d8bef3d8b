"""What a doctor does for a person who cannot: physician-assisted (E-34), and in an emergency.

Each is approved at once on the doctor's word, told to the patient, and reviewed afterwards by the
doctor's institution.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server import clock
from server.authorisations import notices, recording
from server.authorisations.errors import AuthorisationRefused, Refusal
from server.authorisations.evidence import (
    EmergencyEvidence,
    HelpReason,
    PhysicianAssistedEvidence,
)
from server.authorisations.recording import Asked
from server.authorisations.terms import (
    EMERGENCY_LIFETIME,
    LIFETIMES,
    LONGEST_REASON,
    Scope,
)
from server.model import (
    Account,
    Authorisation,
    AuthorisationMethod,
    CarePurpose,
    Person,
    ReviewState,
)

if TYPE_CHECKING:
    from server.cloud import ImageCloud

SHORTEST_REASON = 4
_LICENCE = re.compile(r"[0-9]{15}")  # 医师执业证书编码


def assist(
    cloud: ImageCloud,
    session: Session,
    *,
    account: Account,
    asked: Asked,
    help_given: PhysicianAssistedEvidence,
    source: str = "",
) -> Authorisation:
    """Authorise for a person who cannot act alone, with his informed consent (E-34).

    `help_given.licence_number` is the physician's, 15 digits; an explanation is needed for another
    reason than those listed. Raises AuthorisationRefused.
    """
    known = {one.value for one in HelpReason}
    reason, explanation = help_given.reason, help_given.explanation
    if reason not in known or (reason == HelpReason.OTHER and len(explanation) < SHORTEST_REASON):
        raise AuthorisationRefused(Refusal.REASON)
    if not help_given.informed_consent:
        raise AuthorisationRefused(Refusal.CONSENT)
    if not _LICENCE.fullmatch(help_given.licence_number):
        raise AuthorisationRefused(Refusal.LICENCE)
    made = recording.make(cloud, session, account, asked, source=source)
    recording.approve(
        session,
        made,
        help_given,
        actor=f"account:{account.id}",
        source=source,
        lifetime=LIFETIMES[0],
        review=ReviewState.PENDING,
    )
    notices.tell_of_assistance(cloud, session, made)
    return made


def open_in_emergency(
    cloud: ImageCloud,
    session: Session,
    *,
    account: Account,
    person: Person,
    reason: str,
    encounter: str = "",
    source: str = "",
) -> Authorisation:
    """Let a doctor read at once and for a short while, because a life may depend on it.

    The form that leads here is the warning, so the notice counts as accepted. The patient is told,
    and the institution reviews it. Raises AuthorisationRefused.
    """
    reason = reason.strip()[:LONGEST_REASON]
    if len(reason) < SHORTEST_REASON:
        raise AuthorisationRefused(Refusal.REASON)
    asked = Asked(person, AuthorisationMethod.EMERGENCY, CarePurpose.EMERGENCY, Scope(), encounter)
    made = recording.make(cloud, session, account, asked, source=source)
    recording.approve(
        session,
        made,
        EmergencyEvidence(reason),
        actor=f"account:{account.id}",
        source=source,
        lifetime=EMERGENCY_LIFETIME,
        review=ReviewState.PENDING,
        notice_accepted_at=clock.now(),
    )
    notices.tell_of_emergency(cloud, session, made)
    return made
