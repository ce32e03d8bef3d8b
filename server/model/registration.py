"""What the doctor's story begins with: a patient who registers, a physician who is registered."""

from __future__ import annotations

import enum
from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base, opaque_id
from server.model.people import Institution, Person


class ApplicationState(enum.StrEnum):
    """How far a hospital's application for a cache is (D-24 … D-27)."""

    REQUESTED = "requested"
    SEARCHING = "searching"  # the index module is being asked for what is not here
    FETCHING = "fetching"  # the front machine is fetching
    CACHED = "cached"  # all of it lies at the front machine
    PARTLY = "partly"
    FAILED = "failed"
    COMPLETED = "completed"  # 已完成: and the centre keeps its copies (profile "001", D-27)


class CacheApplication(Base):
    """A hospital asks at registration (挂号) for a cache of a person's history (E-21).

    The name and the certificate with which it asks are compared with the person's, and not kept a
    second time.
    """

    __tablename__ = "cache_application"
    __table_args__ = (UniqueConstraint("institution_id", "person_id", "encounter"),)

    application_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    client_id: Mapped[str] = mapped_column(ForeignKey("institution_client.client_id"))
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    # The consent without which there is no application (E-20).
    consent_id: Mapped[str] = mapped_column(ForeignKey("caching_consent.consent_id"))
    encounter: Mapped[str] = mapped_column(String(64))
    department: Mapped[str] = mapped_column(String(100))
    visit_type: Mapped[str] = mapped_column(String(20))
    visit_at: Mapped[datetime]
    state: Mapped[ApplicationState] = mapped_column(String(20), default=ApplicationState.REQUESTED)
    # One word for machines why the search did not succeed.
    failure: Mapped[str] = mapped_column(String(40), default="")
    # When the search ended with an answer of the index module (or where there is none).
    searched_at: Mapped[datetime | None]
    # Studies that this centre held itself, and those that other provinces hold.
    local_studies: Mapped[int] = mapped_column(default=0)
    remote_studies: Mapped[int] = mapped_column(default=0)
    applied_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
    # Until when the copies are kept at least (E-26).
    keep_until: Mapped[datetime]

    institution: Mapped[Institution] = relationship()
    person: Mapped[Person] = relationship()


class PhysicianRegistration(Base):
    """What the national register said of the physician of an account (H-04)."""

    __tablename__ = "physician_registration"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    # 医师执业证书编码, 15 digits.
    licence_number: Mapped[str] = mapped_column(String(15))
    valid_until: Mapped[date | None]
    checked_at: Mapped[datetime] = mapped_column(default=clock.now)
