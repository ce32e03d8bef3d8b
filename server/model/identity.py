"""How people prove who they are beyond the password, and which families have asked for leave."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base, opaque_id
from server.model.people import Account, FamilyLink, Person


class Passkey(Base):
    """A passkey of an account: only its public key is kept, never a biometric (F-27)."""

    __tablename__ = "passkey"

    passkey_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(default=0)
    transports: Mapped[list[Any]] = mapped_column(default=list)
    name: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_used_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship()


class PasskeyCeremony(Base):
    """The challenge of one registration or sign-in with a passkey; it serves once."""

    __tablename__ = "passkey_ceremony"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    challenge: Mapped[bytes] = mapped_column(LargeBinary)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    expires_at: Mapped[datetime]


class RecoveryCode(Base):
    """One recovery code; found by its first letters, kept as argon2id hash, used once."""

    __tablename__ = "recovery_code"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    selector: Mapped[str] = mapped_column(String(8), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime | None]


class KnownDevice(Base):
    """A browser in which an account has signed in before; it holds a token, we its hash."""

    __tablename__ = "known_device"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    first_seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_seen_at: Mapped[datetime] = mapped_column(default=clock.now)


class ProofPurpose(enum.StrEnum):
    """What somebody wants who proves that he holds a phone on record."""

    RECOVER = "recover"
    REGISTER = "register"


class PhoneProof(Base):
    """ID number and phone were named; the code sent to that phone is awaited.

    Without a person nothing was sent: the pages must not tell who is on record.
    """

    __tablename__ = "phone_proof"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[ProofPurpose] = mapped_column(String(20))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    tries: Mapped[int] = mapped_column(default=0)
    proved_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]

    person: Mapped[Person | None] = relationship()


class RecoveryRequest(Base):
    """A new password was asked for without a second factor: it waits, so that the owner can object.

    Open while neither used nor cancelled and not over.
    """

    __tablename__ = "recovery_request"

    request_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    ready_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


class InvitationState(enum.StrEnum):
    """How far an invitation into a family account has come."""

    PENDING = "pending"
    IN_REVIEW = "in_review"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


OPEN_INVITATION = (InvitationState.PENDING, InvitationState.IN_REVIEW)


class FamilyInvitation(Base):
    """Someone asks to view a family member's records (A-09).

    The member agrees on his own account; for a child, or somebody without an account, the asker
    declares what he is to him and by which paper, and the declaration is reviewed. `member_id` is
    None where nobody on record fits: the asker is not told. `member_hash` is the keyed hash of the
    ID number that was named.
    """

    __tablename__ = "family_invitation"

    invitation_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    guardian_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    member_hash: Mapped[str] = mapped_column(String(64))
    member_label: Mapped[str] = mapped_column(String(40))
    relation: Mapped[str] = mapped_column(String(20))
    declared: Mapped[bool] = mapped_column(default=False)
    evidence_kind: Mapped[str] = mapped_column(String(40), default="")
    evidence_number_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[InvitationState] = mapped_column(String(20), default=InvitationState.PENDING)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    link_id: Mapped[int | None] = mapped_column(ForeignKey("family_link.id"))

    guardian: Mapped[Person] = relationship(foreign_keys=[guardian_id])
    member: Mapped[Person | None] = relationship(foreign_keys=[member_id])
    link: Mapped[FamilyLink | None] = relationship()
