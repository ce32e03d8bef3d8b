"""What a doctor does for a person who cannot: physician-assisted (E-34), written, emergency.

Each is approved at once on the doctor's word, told to the patient, and reviewed afterwards by the
doctor's institution.
"""

from __future__ import annotations

import hashlib
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
    WrittenEvidence,
)
from server.authorisations.recording import Asked
from server.authorisations.terms import (
    ALL_HISTORY,
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
    opaque_id,
)

if TYPE_CHECKING:
    from server.cloud import ImageCloud

SHORTEST_REASON = 4
LARGEST_DOCUMENT = 900 * 1024
_LICENCE = re.compile(r"[0-9]{15}")  # 医师执业证书编码
_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"%PDF-": "application/pdf",
}


def assist(
    cloud: ImageCloud,
    session: Session,
    *,
    account: Account,
    person: Person,
    reason: str,
    explanation: str,
    informed_consent: bool,
    licence_number: str,
    purpose: CarePurpose = CarePurpose.OUTPATIENT,
    scope: Scope = ALL_HISTORY,
    encounter: str = "",
    source: str = "",
) -> Authorisation:
    """Authorise for a person who cannot act alone, with his informed consent (E-34).

    `licence_number` is the physician's, 15 digits; `explanation` is needed for another reason than
    those listed. Raises AuthorisationRefused.
    """
    known = {one.value for one in HelpReason}
    explanation = explanation.strip()[:LONGEST_REASON]
    if reason not in known or (reason == HelpReason.OTHER and len(explanation) < SHORTEST_REASON):
        raise AuthorisationRefused(Refusal.REASON)
    if not informed_consent:
        raise AuthorisationRefused(Refusal.CONSENT)
    if not _LICENCE.fullmatch(licence_number.strip()):
        raise AuthorisationRefused(Refusal.LICENCE)
    asked = Asked(person, AuthorisationMethod.PHYSICIAN_ASSISTED, purpose, scope, encounter)
    made = recording.make(cloud, session, account, asked, source=source)
    recording.approve(
        session,
        made,
        PhysicianAssistedEvidence(reason, True, licence_number.strip(), explanation),
        actor=f"account:{account.id}",
        source=source,
        lifetime=LIFETIMES[0],
        review=ReviewState.PENDING,
    )
    notices.tell_of_assistance(cloud, session, made)
    return made


def keep_written(
    cloud: ImageCloud,
    session: Session,
    *,
    account: Account,
    person: Person,
    document: bytes,
    purpose: CarePurpose = CarePurpose.OUTPATIENT,
    scope: Scope = ALL_HISTORY,
    encounter: str = "",
    source: str = "",
) -> Authorisation:
    """Authorise by a signed form, whose scan (PNG, JPEG, PDF) is stored encrypted.

    Raises AuthorisationRefused for anything else, or a scan of more than LARGEST_DOCUMENT bytes.
    """
    kind = next((kind for magic, kind in _MAGIC.items() if document.startswith(magic)), None)
    if kind is None or len(document) > LARGEST_DOCUMENT:
        raise AuthorisationRefused(Refusal.DOCUMENT)
    asked = Asked(person, AuthorisationMethod.WRITTEN, purpose, scope, encounter)
    made = recording.make(cloud, session, account, asked, source=source)
    data_key = cloud.vault.new_data_key(session)
    session.flush()
    object_key = f"authorisations/{made.authorisation_id}/{opaque_id()}"
    cloud.vault.write(data_key, object_key, document)
    recording.approve(
        session,
        made,
        WrittenEvidence(hashlib.sha256(document).hexdigest(), kind, len(document)),
        actor=f"account:{account.id}",
        source=source,
        lifetime=LIFETIMES[0],
        review=ReviewState.PENDING,
        document_key=object_key,
        document_data_key_id=data_key.id,
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
