"""Clients of institutions (their HIS), and the launches that they ask for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base, opaque_id
from server.model.people import Account, Institution


class InstitutionClient(Base):
    """A system of an institution that calls the API: an OAuth 2.0 client (RFC 6749 §2)."""

    __tablename__ = "institution_client"

    client_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[list[Any]]
    # The origins (RFC 6454) whose pages may hold ours in a frame.
    origins: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    disabled_at: Mapped[datetime | None]

    institution: Mapped[Institution] = relationship()
    credentials: Mapped[list[ClientCredential]] = relationship(back_populates="client")


class ClientCredential(Base):
    """A secret (its SHA-256: it has 256 random bits) or a public key (RFC 7517) of a client."""

    __tablename__ = "client_credential"

    credential_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    client_id: Mapped[str] = mapped_column(ForeignKey("institution_client.client_id"), index=True)
    secret_hash: Mapped[str | None] = mapped_column(String(64))
    public_key: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    # Set when it is replaced: until then the old one and the new one hold.
    expires_at: Mapped[datetime | None]

    client: Mapped[InstitutionClient] = relationship(back_populates="credentials")


class ClientAssertion(Base):
    """An assertion that has served (its `jti`), so that it serves once (RFC 7523 §3)."""

    __tablename__ = "client_assertion"

    client_id: Mapped[str] = mapped_column(
        ForeignKey("institution_client.client_id"), primary_key=True
    )
    jti_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime]


class ClientToken(Base):
    """An access token of a client; the database holds only its SHA-256."""

    __tablename__ = "client_token"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("institution_client.client_id"), index=True)
    scopes: Mapped[list[Any]]
    issued_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Launch(Base):
    """One physician, one patient, one encounter, in one frame: first a ticket, then a session.

    The ticket serves once; the session's token is made when it is redeemed. Of both the database
    holds the SHA-256.
    """

    __tablename__ = "launch"

    launch_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    client_id: Mapped[str] = mapped_column(ForeignKey("institution_client.client_id"), index=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    physician_code: Mapped[str] = mapped_column(String(64))
    physician_name: Mapped[str] = mapped_column(String(100))
    # Who may be seen: the person, and whoever the institution registered under this number.
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    patient_id: Mapped[str] = mapped_column(String(64))
    encounter: Mapped[str] = mapped_column(String(64))
    visit_type: Mapped[str] = mapped_column(String(20))
    purpose: Mapped[str] = mapped_column(String(20))
    outside: Mapped[bool]
    # "" for a launch in a window of its own.
    frame_origin: Mapped[str] = mapped_column(String(200))
    study_id: Mapped[str | None] = mapped_column(ForeignKey("study.study_id", ondelete="CASCADE"))
    opens: Mapped[str] = mapped_column(String(10))
    # What the list begins with, as server.launches.ListFilter says it; {} is all.
    list_filter: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    ticket_hash: Mapped[str] = mapped_column(String(64), unique=True)
    ticket_expires_at: Mapped[datetime]
    redeemed_at: Mapped[datetime | None]
    token_hash: Mapped[str | None] = mapped_column(String(64))
    # When the physician gave his second factor, where one is due (C-46).
    confirmed_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    client: Mapped[InstitutionClient] = relationship()
    account: Mapped[Account] = relationship()
