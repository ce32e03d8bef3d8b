"""The tables of a front machine's cache: what it holds for visits, what the centre is to hear."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from server import clock
from server.gateway.tables import GatewayBase


class CachedItem(GatewayBase):
    """An item of the centre that is whole here; it ends with its period."""

    __tablename__ = "cached_item"

    item_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    study_uid: Mapped[str] = mapped_column(String(64), index=True)
    objects: Mapped[int]
    keep_until: Mapped[datetime] = mapped_column(index=True)


class CachedStudy(GatewayBase):
    """Who may read a study that came from the centre.

    One that the hospital made itself is open to its doctors; another hospital's until the moment
    that the patient's authorisation sets, as the centre told it last (A-35).
    """

    __tablename__ = "cached_study"

    study_uid: Mapped[str] = mapped_column(String(64), primary_key=True)
    own: Mapped[bool] = mapped_column(default=False)
    opened_until: Mapped[datetime | None]


class Telling(GatewayBase):
    """An outcome that the centre has not heard of yet; told in order, when it can be reached."""

    __tablename__ = "telling"

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(20))
    objects: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(40), default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)
