"""Which images readers marked as key images."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server import clock
from server.model.base import Base


class KeyImage(Base):
    """One image (`frame_number` counts from 1) that one reader marked; it says nothing of it."""

    __tablename__ = "key_image"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    series_id: Mapped[str] = mapped_column(
        ForeignKey("series.series_id", ondelete="CASCADE"), primary_key=True, index=True
    )
    sop_instance_uid: Mapped[str] = mapped_column(String(64), primary_key=True)
    frame_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    marked_at: Mapped[datetime] = mapped_column(default=clock.now)
