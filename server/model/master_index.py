"""The master index (主索引): which examination is known by which number of the region (D-36)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base, opaque_id
from server.model.people import Institution, Person


class MasterIndex(Base):
    """One examination of one person at one institution, as the regional health platform knows it.

    The identity number is kept as the person's keyed hash; institution, identity number and
    accession number together are unique.
    """

    __tablename__ = "master_index"
    __table_args__ = (UniqueConstraint("institution_id", "id_number_hash", "accession_number"),)

    entry_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    id_number_hash: Mapped[str] = mapped_column(String(64))
    accession_number: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    # What the platform named it; NULL until it did.
    platform_index: Mapped[str | None] = mapped_column(String(128), unique=True)
    entered_at: Mapped[datetime] = mapped_column(default=clock.now)
    assigned_at: Mapped[datetime | None]

    institution: Mapped[Institution] = relationship()
    person: Mapped[Person] = relationship()
