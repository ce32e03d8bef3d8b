"""The tables of a front machine's own small database."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from server import clock
from server.model.base import UtcDateTime


class GatewayBase(DeclarativeBase):
    """The base of these tables; the centre's are others."""

    metadata = MetaData()
    type_annotation_map = {datetime: UtcDateTime(), dict[str, Any]: JSON()}  # noqa: RUF012


class SpoolState(enum.StrEnum):
    """How far an object is."""

    WAITING = "waiting"  # to be sent
    SENT = "sent"  # the centre said it is stored
    VERIFIED = "verified"  # the centre was asked and holds it
    STOPPED = "stopped"  # not to be sent as it is (E-11); `reason` says why
    PUSHED = "pushed"  # by another hospital's front machine: read here, not uploaded (E-19)
    CACHED = "cached"  # came from the centre, to be read here (E-26)


class SpooledObject(GatewayBase):
    """One object of the spool; the bytes lie encrypted under `object_key`."""

    __tablename__ = "spooled_object"
    __table_args__ = (Index("ix_next", "state", "priority", "received_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sop_instance_uid: Mapped[str] = mapped_column(String(64), unique=True)
    sop_class_uid: Mapped[str] = mapped_column(String(64))
    study_uid: Mapped[str] = mapped_column(String(64), index=True)
    series_uid: Mapped[str] = mapped_column(String(64))
    object_key: Mapped[str] = mapped_column(String(200), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    source: Mapped[str] = mapped_column(String(16), default="")
    priority: Mapped[int] = mapped_column(default=1)  # 0: emergency
    state: Mapped[SpoolState] = mapped_column(String(12), default=SpoolState.WAITING)
    reason: Mapped[str] = mapped_column(String(60), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    resent: Mapped[int] = mapped_column(default=0)
    received_at: Mapped[datetime] = mapped_column(default=clock.now)
    next_try_at: Mapped[datetime] = mapped_column(default=clock.now)
    sent_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    # After this moment the file goes; None while it must stay.
    keep_until: Mapped[datetime | None] = mapped_column(index=True)


class Reception(GatewayBase):
    """One link of the chain of receptions (server.gateway.chain); it outlives the object."""

    __tablename__ = "reception"

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sop_instance_uid: Mapped[str] = mapped_column(String(64), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(default=clock.now)


class RecordState(enum.StrEnum):
    """How far a collected record is."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"  # the centre does not take it as it is; `reason` says why


class CollectedRecord(GatewayBase):
    """One record of a hospital's system (server.gateway.collecting), sealed until it is sent."""

    __tablename__ = "collected_record"
    __table_args__ = (Index("ix_record_next", "state", "next_try_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    content_hash: Mapped[str] = mapped_column(String(64), unique=True)  # keyed
    kind: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(60))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[RecordState] = mapped_column(String(12), default=RecordState.WAITING)
    reason: Mapped[str] = mapped_column(String(60), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime] = mapped_column(default=clock.now)
    deadline_at: Mapped[datetime | None]
    collected_at: Mapped[datetime] = mapped_column(default=clock.now)


class Deletion(GatewayBase):
    """The log of deleted files (E-26): which object, when, by which rule."""

    __tablename__ = "deletion"

    id: Mapped[int] = mapped_column(primary_key=True)
    sop_instance_uid: Mapped[str] = mapped_column(String(64))
    study_uid: Mapped[str] = mapped_column(String(64), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    rule: Mapped[str] = mapped_column(String(20))
    deleted_at: Mapped[datetime] = mapped_column(default=clock.now)


class Kept(GatewayBase):
    """One thing to remember by its name: the data key, the rules."""

    __tablename__ = "kept"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
