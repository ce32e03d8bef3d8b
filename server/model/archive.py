"""Where a study's objects lie, how long they are kept, and what people decided about them."""

from __future__ import annotations

import enum
from datetime import date, datetime

from sqlalchemy import BigInteger, Date, ForeignKey, Index, String, Text, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base, opaque_id
from server.model.imaging import DataKey


class Tier(enum.StrEnum):
    """The classes of storage (D-32, K-08)."""

    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


class EncounterClass(enum.StrEnum):
    """In which kind of visit a study was made; its retention follows from it (D-31)."""

    OUTPATIENT = "outpatient"
    EMERGENCY = "emergency"
    INPATIENT = "inpatient"
    UNKNOWN = "unknown"


class DecisionKind(enum.StrEnum):
    """What can be decided about a study's keeping (D-33, F-32)."""

    DELETE = "delete"  # at the end of its retention: key destroyed, objects removed
    EXTEND = "extend"  # kept until a later date
    HOLD = "hold"  # kept whatever the date, for example for a law suit
    RELEASE = "release"  # the hold ends
    ERASE = "erase"  # before the end, by order of an authority: key destroyed, objects removed


class DecisionState(enum.StrEnum):
    """A decision is proposed by one person and decided by another."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


class RecallState(enum.StrEnum):
    """How far the recall of a cold study is (D-44, G-07)."""

    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


UNFINISHED_RECALL = (RecallState.WAITING, RecallState.RUNNING)


class StorageVolume(Base):
    """An object store that was added while the product ran (D-05, D-13)."""

    __tablename__ = "storage_volume"

    volume_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    url: Mapped[str] = mapped_column(String(500))
    tier: Mapped[Tier] = mapped_column(String(10))
    # Whether new objects go here; a full volume is read on.
    writable: Mapped[bool] = mapped_column(default=True, server_default=true())
    # From which share of its capacity on an alarm is raised (K-10).
    alarm_percent: Mapped[int] = mapped_column(default=70, server_default="70")
    # For stores that cannot say it themselves.
    capacity_bytes: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class StudyArchive(Base):
    """What the archive knows of a study; without a row it is hot, in the first object store."""

    __tablename__ = "study_archive"

    study_id: Mapped[str] = mapped_column(
        ForeignKey("study.study_id", ondelete="CASCADE"), primary_key=True
    )
    tier: Mapped[Tier] = mapped_column(String(10), default=Tier.HOT, index=True)
    # NULL: the object store of the settings.
    volume_id: Mapped[str | None] = mapped_column(ForeignKey("storage_volume.volume_id"))
    moved_at: Mapped[datetime | None]
    # False from the switch of a move until its sources are gone (server.archive.moves).
    sources_cleared: Mapped[bool] = mapped_column(default=True, server_default=true())
    last_accessed_at: Mapped[datetime | None]
    # A recalled study stays hot until then, however old it is.
    hot_until: Mapped[datetime | None]
    encounter_class: Mapped[EncounterClass] = mapped_column(
        String(20), default=EncounterClass.UNKNOWN
    )
    completed_at: Mapped[datetime | None]
    keep_until: Mapped[date | None] = mapped_column(Date)
    legal_hold: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Its data key was destroyed and its objects removed; the index row stays as a record.
    erased_at: Mapped[datetime | None]


class ArchiveDecision(Base):
    """A proposal about a study's keeping, and who decided it (D-33)."""

    __tablename__ = "archive_decision"

    decision_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    study_id: Mapped[str] = mapped_column(
        ForeignKey("study.study_id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[DecisionKind] = mapped_column(String(20))
    state: Mapped[DecisionState] = mapped_column(String(20), default=DecisionState.PROPOSED)
    keep_until: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text, default="")
    proposed_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    proposed_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]


class Recall(Base):
    """An order to bring a cold study back; who asked is told when it is there."""

    __tablename__ = "recall"

    recall_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    study_id: Mapped[str] = mapped_column(
        ForeignKey("study.study_id", ondelete="CASCADE"), index=True
    )
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    state: Mapped[RecallState] = mapped_column(String(20), default=RecallState.WAITING, index=True)
    requested_at: Mapped[datetime] = mapped_column(default=clock.now)
    due_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    failure: Mapped[str] = mapped_column(String(40), default="")


class ReplicaCopy(Base):
    """That an instance lies in the second store, too (F-19)."""

    __tablename__ = "replica_copy"

    instance_id: Mapped[int] = mapped_column(
        ForeignKey("instance.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    copied_at: Mapped[datetime] = mapped_column(default=clock.now)


class ArchiveProgress(Base):
    """How far a walk through the archive is, so that it goes on after a restart."""

    __tablename__ = "archive_progress"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, default=0)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)


class InstitutionKey(Base):
    """A key by which an institution encrypts what it transfers (D-07, F-38).

    Active until retired; what was sealed by a retired key can still be opened; the data key's
    `destroyed_at` ends that.
    """

    __tablename__ = "institution_key"

    key_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    data_key_id: Mapped[str] = mapped_column(ForeignKey("data_key.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    retired_at: Mapped[datetime | None]

    data_key: Mapped[DataKey] = relationship()


class Alarm(Base):
    """Something that an operator has to look at; the same again only counts up."""

    __tablename__ = "alarm"
    __table_args__ = (Index("ix_alarm_same", "kind", "subject", "closed_at"),)

    alarm_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(200))
    words: Mapped[str] = mapped_column(Text, default="")
    count: Mapped[int] = mapped_column(default=1)
    opened_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    last_seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str] = mapped_column(String(64), default="")
