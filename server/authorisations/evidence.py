"""What proves that a person authorised: one type for each way (E-32).

None holds a picture of a face, a fingerprint or any other biometric original (F-27): what a
terminal recognised, it says in a signed assertion, and only that is kept.
"""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass
from typing import Any

from server.model import AuthorisationMethod


class HelpReason(enum.StrEnum):
    """Why a person cannot act alone (E-34)."""

    AGE = "age"
    CONDITION = "condition"
    COGNITION = "cognition"
    OTHER = "other"


@dataclass(frozen=True)
class InsuranceCodeEvidence:
    """The person's one-time code was shown to the doctor: from which account, and when (UTC)."""

    shown_by_account: int
    shown_at: str


@dataclass(frozen=True)
class AppConfirmationEvidence:
    """The person, or who has his family account, approved signed in with two factors."""

    account: int


@dataclass(frozen=True)
class PhysicianAssistedEvidence:
    """A licensed physician acted for a person who could not, with his informed consent (E-34)."""

    reason: str
    informed_consent: bool
    licence_number: str
    explanation: str


@dataclass(frozen=True)
class SmsCodeEvidence:
    """The code sent to the person's phone was told to the doctor; when it was sent (UTC)."""

    sent_at: str


@dataclass(frozen=True)
class AssertionEvidence:
    """A verifier (signature service, face terminal, national app) signed that the person agreed.

    `assertion_id` is the assertion's `jti`, `signed_at` its `iat` (UTC).
    """

    verifier: str
    assertion_id: str
    device: str
    signed_at: str


@dataclass(frozen=True)
class WrittenEvidence:
    """A signed form on paper, scanned; the scan itself is stored encrypted."""

    sha256: str
    media_type: str
    size: int


@dataclass(frozen=True)
class EmergencyEvidence:
    """No authorisation: why the doctor could not wait for one."""

    reason: str


Evidence = (
    InsuranceCodeEvidence
    | AppConfirmationEvidence
    | PhysicianAssistedEvidence
    | SmsCodeEvidence
    | AssertionEvidence
    | WrittenEvidence
    | EmergencyEvidence
)

# The ways whose proof comes from a verifier, by its signed assertion.
ASSERTED = frozenset(
    {
        AuthorisationMethod.ELECTRONIC_SIGNATURE,
        AuthorisationMethod.FACE_TERMINAL,
        AuthorisationMethod.APP_TOKEN,
        AuthorisationMethod.BIOMETRICS,
    }
)
TYPES: dict[AuthorisationMethod, type[Evidence]] = {
    AuthorisationMethod.INSURANCE_CODE: InsuranceCodeEvidence,
    AuthorisationMethod.APP_CONFIRMATION: AppConfirmationEvidence,
    AuthorisationMethod.PHYSICIAN_ASSISTED: PhysicianAssistedEvidence,
    AuthorisationMethod.SMS_CODE: SmsCodeEvidence,
    AuthorisationMethod.WRITTEN: WrittenEvidence,
    AuthorisationMethod.EMERGENCY: EmergencyEvidence,
    **dict.fromkeys(ASSERTED, AssertionEvidence),
}


def to_row(evidence: Evidence) -> dict[str, Any]:
    """Return evidence as the database keeps it."""
    return dataclasses.asdict(evidence)


def from_row(method: AuthorisationMethod, row: dict[str, Any]) -> Evidence | None:
    """Return the evidence of an authorisation; None while there is none."""
    return TYPES[AuthorisationMethod(method)](**row) if row else None
