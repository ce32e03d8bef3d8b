"""What the centre's DICOM services keep: commitments to answer, and hospitals' front machines."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server import clock
from server.model.base import Base, opaque_id


class StorageCommitment(Base):
    """One request for storage commitment (PS3.4 J), judged when it came, until its answer went."""

    __tablename__ = "storage_commitment"

    commitment_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    peer: Mapped[str] = mapped_column(String(60), index=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    transaction_uid: Mapped[str] = mapped_column(String(64))
    # [SOP class, SOP instance] each; the failed ones with the reason (0008,1197) as a third.
    committed: Mapped[list[Any]] = mapped_column(default=list)
    failed: Mapped[list[Any]] = mapped_column(default=list)
    requested_at: Mapped[datetime] = mapped_column(default=clock.now)
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None] = mapped_column(default=clock.now, index=True)
    answered_at: Mapped[datetime | None]


class Gateway(Base):
    """A hospital's front machine (前置机), as it last told of itself (E-18)."""

    __tablename__ = "gateway"

    client_id: Mapped[str] = mapped_column(
        ForeignKey("institution_client.client_id"), primary_key=True
    )
    last_seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    version: Mapped[str] = mapped_column(String(40), default="")
    # What it said: counts of its spool, room on its disk, the newest failure by a word.
    state: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    # The rules it is to follow, and how often they were changed.
    rules: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    rules_version: Mapped[int] = mapped_column(default=0)
