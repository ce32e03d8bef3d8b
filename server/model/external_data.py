"""What health sensors observed and health AI concluded, apart from the clinical records (D-34)."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base, opaque_id
from server.model.launching import InstitutionClient


class ExternalKind(enum.StrEnum):
    """What a provider of data sends."""

    SENSOR = "sensor"  # 健康传感器
    AI = "ai"  # 健康类人工智能


class ExternalRecord(Base):
    """One observation or result of a provider, by the provider's own number; its content sealed."""

    __tablename__ = "external_record"
    __table_args__ = (UniqueConstraint("client_id", "kind", "external_id"),)

    record_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    kind: Mapped[ExternalKind] = mapped_column(String(10))
    client_id: Mapped[str] = mapped_column(ForeignKey("institution_client.client_id"))
    external_id: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    # When it was observed or concluded, as the provider says.
    at: Mapped[datetime] = mapped_column(index=True)
    # Keyed, of the whole content: the same is taken twice, another is refused.
    content_hash: Mapped[str] = mapped_column(String(64))
    content_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(default=clock.now)

    client: Mapped[InstitutionClient] = relationship()
