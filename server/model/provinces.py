"""Other provinces: what goes to the index module, what they hold, and what is fetched (A-10, A-11).

The last tables are those of the index module, which runs with a database of its own.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base, opaque_id
from server.model.people import Person


class OutboxState(enum.StrEnum):
    """How far an entry of the outbox is."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"  # by the index module, for good


class OutboxEntry(Base):
    """One record for the index module (D-09, D-55, E-33); kept after it was accepted."""

    __tablename__ = "outbox_entry"

    entry_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    kind: Mapped[str] = mapped_column(String(40), index=True)
    # The opaque id of what it is about, for example a study_id.
    about: Mapped[str] = mapped_column(String(64), index=True)
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[OutboxState] = mapped_column(String(20), default=OutboxState.WAITING, index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    # One word for machines why the last try did not succeed.
    failure: Mapped[str] = mapped_column(String(40), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    next_try_at: Mapped[datetime] = mapped_column(default=clock.now)
    accepted_at: Mapped[datetime | None]


class RemoteStudy(Base):
    """A study that another province's centre holds, as the index module told."""

    __tablename__ = "remote_study"
    __table_args__ = (UniqueConstraint("person_id", "cloud_index"),)

    remote_study_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    centre: Mapped[str] = mapped_column(String(60))
    cloud_index: Mapped[str] = mapped_column(String(200))
    province_code: Mapped[str] = mapped_column(String(6))
    province_name: Mapped[str] = mapped_column(String(50))
    institution_code: Mapped[str] = mapped_column(String(18))
    institution_name: Mapped[str] = mapped_column(String(200))
    study_datetime: Mapped[datetime]
    modality: Mapped[str] = mapped_column(String(16))
    body_part: Mapped[str] = mapped_column(String(64), default="")
    exam_item: Mapped[str] = mapped_column(String(200), default="")
    seen_at: Mapped[datetime] = mapped_column(default=clock.now)

    person: Mapped[Person] = relationship()
    request: Mapped[CacheRequest | None] = relationship(back_populates="remote_study")


class IndexAnswer(Base):
    """When the index module was last asked for a person, and when it last answered."""

    __tablename__ = "index_answer"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    failure: Mapped[str] = mapped_column(String(40), default="")


class CacheState(enum.StrEnum):
    """How far the copy of another province's study is (A-11)."""

    APPLIED = "applied"
    FETCHING = "fetching"
    CACHED = "cached"
    FAILED = "failed"
    EXPIRED = "expired"  # the copy's period is over and it was deleted


UNFINISHED_CACHING = (CacheState.APPLIED, CacheState.FETCHING)


class CacheRequest(Base):
    """The application for a study of another province, and the copy that came of it.

    One row a study: applying again after a failure or after the copy's end begins it anew.
    """

    __tablename__ = "cache_request"

    remote_study_id: Mapped[str] = mapped_column(
        ForeignKey("remote_study.remote_study_id"), primary_key=True
    )
    # Who applied and by which consent: the patient's account, or (profile "001") a hospital for
    # him, by what he confirmed at its registration.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    consent_id: Mapped[str | None] = mapped_column(ForeignKey("consent.id"))
    caching_consent_id: Mapped[str | None] = mapped_column(ForeignKey("caching_consent.consent_id"))
    # The copy; it belongs to nobody, so that nobody sees it, until it is complete.
    study_id: Mapped[str | None] = mapped_column(ForeignKey("study.study_id"), unique=True)
    state: Mapped[CacheState] = mapped_column(String(20), default=CacheState.APPLIED, index=True)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    total_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    failure: Mapped[str] = mapped_column(String(40), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    applied_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
    cached_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]

    remote_study: Mapped[RemoteStudy] = relationship(back_populates="request")

    @property
    def consent(self) -> str:
        """The id of the consent, of either kind, by which the copy is held."""
        return self.consent_id or self.caching_consent_id or ""


class CacheRelease(Base):
    """A study that another province's centre may fetch from us, until when (D-53)."""

    __tablename__ = "cache_release"

    release_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    centre: Mapped[str] = mapped_column(String(60))
    study_id: Mapped[str] = mapped_column(ForeignKey("study.study_id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    consent_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SeenAssertion(Base):
    """An assertion that was used; it is refused a second time (RFC 7523 3, jti)."""

    __tablename__ = "seen_assertion"

    issuer: Mapped[str] = mapped_column(String(60), primary_key=True)
    jti: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class IndexRecord(Base):
    """The index module's record of a study: the fields of D-10, and who holds it.

    Certificate number, image description and diagnosis are sealed; the number's keyed hash finds
    a person's records.
    """

    __tablename__ = "index_record"

    centre: Mapped[str] = mapped_column(String(60), primary_key=True)
    cloud_index: Mapped[str] = mapped_column(String(200), primary_key=True)
    certificate_type: Mapped[str] = mapped_column(String(10))
    certificate_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    certificate_hash: Mapped[str] = mapped_column(String(64), index=True)
    exam_datetime: Mapped[datetime]
    device: Mapped[str] = mapped_column(String(200), default="")
    body_part: Mapped[str] = mapped_column(String(64), default="")
    storage_unit: Mapped[str] = mapped_column(String(18))
    hospital_level: Mapped[str] = mapped_column(String(20), default="")
    exam_item: Mapped[str] = mapped_column(String(200), default="")
    image_description_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    diagnosis_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    settlement_id: Mapped[str] = mapped_column(String(64), default="")
    modality: Mapped[str] = mapped_column(String(16), default="")
    institution_name: Mapped[str] = mapped_column(String(200))
    province_code: Mapped[str] = mapped_column(String(6))
    province_name: Mapped[str] = mapped_column(String(50))
    received_at: Mapped[datetime] = mapped_column(default=clock.now)


class IndexEntry(Base):
    """An entry that the index module accepted from a centre's outbox; each is taken once."""

    __tablename__ = "index_entry"

    centre: Mapped[str] = mapped_column(String(60), primary_key=True)
    entry_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), index=True)
    about: Mapped[str] = mapped_column(String(64))
    # Empty for the records of studies, which are in `index_record`.
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    received_at: Mapped[datetime] = mapped_column(default=clock.now)
