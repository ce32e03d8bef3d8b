"""Who may retrieve whose studies of other hospitals, and how the person authorised that."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base, opaque_id
from server.model.people import Account, Institution, Person


class AuthorisationMethod(enum.StrEnum):
    """The nine ways of personal authorisation (E-32), and emergency access without one."""

    INSURANCE_CODE = "insurance_code"
    APP_CONFIRMATION = "app_confirmation"
    PHYSICIAN_ASSISTED = "physician_assisted"
    ELECTRONIC_SIGNATURE = "electronic_signature"
    FACE_TERMINAL = "face_terminal"
    SMS_CODE = "sms_code"
    APP_TOKEN = "app_token"  # noqa: S105 - the name of a way, no secret
    BIOMETRICS = "biometrics"
    WRITTEN = "written"
    EMERGENCY = "emergency"


class AuthorisationState(enum.StrEnum):
    """What became of a request; `expired` is never stored, it follows from the times."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class CarePurpose(enum.StrEnum):
    """The clinical scene in which images are retrieved (C-46)."""

    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"
    EMERGENCY = "emergency"
    OTHER = "other"


class ScopeKind(enum.StrEnum):
    """How much of a person's history an authorisation opens."""

    ALL = "all"
    STUDY = "study"
    BODY_PART = "body_part"


class ReviewState(enum.StrEnum):
    """What the doctor's institution said afterwards; "" where nothing is to be reviewed."""

    NONE = ""
    PENDING = "pending"
    ACCEPTED = "accepted"
    COMPLAINED = "complained"


class Authorisation(Base):
    """One request of a doctor to read a person's studies of other hospitals, and its answer."""

    __tablename__ = "authorisation"

    authorisation_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    encounter: Mapped[str] = mapped_column(String(64), default="")
    purpose: Mapped[CarePurpose] = mapped_column(String(20))
    method: Mapped[AuthorisationMethod] = mapped_column(String(30))
    state: Mapped[AuthorisationState] = mapped_column(
        String(20), default=AuthorisationState.REQUESTED
    )
    scope_kind: Mapped[ScopeKind] = mapped_column(String(20), default=ScopeKind.ALL)
    # A study id, or a Body Part Examined term (PS3.16 L); "" for all history.
    scope_value: Mapped[str] = mapped_column(String(64), default="")
    # The fields of the method's dataclass in server.authorisations.evidence.
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # Where the scan of a written form lies, encrypted.
    document_key: Mapped[str | None] = mapped_column(String(200))
    document_data_key_id: Mapped[str | None] = mapped_column(ForeignKey("data_key.id"))
    # The code sent by text message, as keyed hash.
    code_hash: Mapped[str | None] = mapped_column(String(64))
    code_expires_at: Mapped[datetime | None]
    code_tries: Mapped[int] = mapped_column(default=0)
    requested_at: Mapped[datetime] = mapped_column(default=clock.now)
    answer_by: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    # The account that answered; None where evidence of another kind did.
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    expires_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    # When the doctor accepted the warning about other hospitals' images (F-25).
    notice_accepted_at: Mapped[datetime | None]
    review: Mapped[ReviewState] = mapped_column(String(20), default=ReviewState.NONE)
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    review_note: Mapped[str] = mapped_column(String(200), default="")

    person: Mapped[Person] = relationship()
    institution: Mapped[Institution] = relationship()
    account: Mapped[Account] = relationship(foreign_keys=[account_id])


class PatientCode(Base):
    """A one-time code that a patient shows to a doctor; held only as keyed hash."""

    __tablename__ = "patient_code"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class CachingConsent(Base):
    """A person's consent, at registration (挂号), that a hospital may cache his history (E-20)."""

    __tablename__ = "caching_consent"

    consent_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    encounter: Mapped[str] = mapped_column(String(64), default="")
    text_version: Mapped[str] = mapped_column(String(20))
    text_sha256: Mapped[str] = mapped_column(String(64))
    given_at: Mapped[datetime] = mapped_column(default=clock.now)
    withdrawn_at: Mapped[datetime | None]

    institution: Mapped[Institution] = relationship()
