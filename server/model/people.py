"""People, hospitals and the accounts with which they sign in."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base, opaque_id


class Role(enum.StrEnum):
    """Who someone is to the product (F-07)."""

    PATIENT = "patient"
    DOCTOR = "doctor"
    INSTITUTION_ADMINISTRATOR = "institution_administrator"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    SUPERVISOR = "supervisor"  # of the insurance authority (医保部门, D-56)


class Institution(Base):
    """A designated institution (定点医疗机构)."""

    __tablename__ = "institution"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(18), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    province_code: Mapped[str] = mapped_column(String(6))
    province_name: Mapped[str] = mapped_column(String(50))
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # When it left the cloud (D-06): it delivers and calls nothing more; its studies stay.
    ended_at: Mapped[datetime | None]


class Person(Base):
    """An insured person (参保人); identifiers are sealed, with a keyed hash for look-up."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_code: Mapped[str] = mapped_column(String(26), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    sex: Mapped[str | None] = mapped_column(String(1))
    birth_date: Mapped[date | None]
    id_number_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    id_number_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    # The mark of who he is (server.sensitivity, F-09).
    sensitivity: Mapped[str] = mapped_column(
        String(20), default="personal", server_default="personal"
    )
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class FamilyLink(Base):
    """A family account (亲情账户): the guardian may view the member's records until withdrawn,
    a child's until it is of age."""

    __tablename__ = "family_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    guardian_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    relation: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]

    guardian: Mapped[Person] = relationship(foreign_keys=[guardian_id])
    member: Mapped[Person] = relationship(foreign_keys=[member_id])


class Account(Base):
    """A sign-in: password ("" for none), second factor, lock-out state."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(100), unique=True)
    role: Mapped[Role] = mapped_column(String(40))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    institution_id: Mapped[int | None] = mapped_column(ForeignKey("institution.id"))
    password_hash: Mapped[str] = mapped_column(String(200))
    totp_secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_last_step: Mapped[int] = mapped_column(default=0)
    failed_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    # The password was given by an administrator: its owner replaces it before anything else.
    temporary_credential: Mapped[bool] = mapped_column(default=False, server_default=false())
    language: Mapped[str] = mapped_column(String(10), default="zh_CN")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    person: Mapped[Person | None] = relationship()
    institution: Mapped[Institution | None] = relationship()


class AccountPreference(Base):
    """How the owner of an account is used to working (C-28): names and values of viewer_py."""

    __tablename__ = "account_preference"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)


class ExternalIdentity(Base):
    """Who an account is to an identity provider: the subject of its ID tokens (A-07)."""

    __tablename__ = "external_identity"

    provider: Mapped[str] = mapped_column(String(30), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    account: Mapped[Account] = relationship()


class AccountSession(Base):
    """One signed-in device; the browser holds the token, the database only its SHA-256."""

    __tablename__ = "account_session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    source: Mapped[str] = mapped_column(String(64), default="")
    device: Mapped[str] = mapped_column(String(200), default="")
    entry_kind: Mapped[str] = mapped_column(String(30), default="web")

    account: Mapped[Account] = relationship()


class SignInChallenge(Base):
    """Password accepted, second factor awaited: what stands between the two forms."""

    __tablename__ = "sign_in_challenge"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    sms_code_hash: Mapped[str | None] = mapped_column(String(64))
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]

    account: Mapped[Account] = relationship()


class Consent(Base):
    """What a person agreed to, in which version, when, and when withdrawn (A-37, F-24)."""

    __tablename__ = "consent"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    version: Mapped[str] = mapped_column(String(20))
    text_sha256: Mapped[str] = mapped_column(String(64))
    given_at: Mapped[datetime] = mapped_column(default=clock.now)
    withdrawn_at: Mapped[datetime | None]


class Message(Base):
    """A text message on its way to a phone; the development mailbox shows it."""

    __tablename__ = "message"

    id: Mapped[int] = mapped_column(primary_key=True)
    recipient_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    body_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
