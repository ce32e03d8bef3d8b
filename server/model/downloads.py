"""Studies that their patient takes away as one archive, and who fetched it."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base, opaque_id
from server.model.imaging import Study
from server.model.people import Account


class DownloadState(enum.StrEnum):
    """How far an archive is."""

    QUEUED = "queued"
    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"


UNFINISHED_DOWNLOAD = (DownloadState.QUEUED, DownloadState.PREPARING)


class Download(Base):
    """One study as an archive behind a link and a password (A-34); the row is the record of it."""

    __tablename__ = "download"

    download_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    study_id: Mapped[str] = mapped_column(ForeignKey("study.study_id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    state: Mapped[DownloadState] = mapped_column(String(20), default=DownloadState.QUEUED)
    # Objects in the archive, and how many are packed.
    total: Mapped[int] = mapped_column(default=0)
    packed: Mapped[int] = mapped_column(default=0)
    # Bytes of the archive; it lies in the object store in parts below `object_prefix`.
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    object_prefix: Mapped[str] = mapped_column(String(200), default="")
    sha256: Mapped[str] = mapped_column(String(64), default="")
    # One word for machines why there is no archive.
    failure: Mapped[str] = mapped_column(String(40), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    ready_at: Mapped[datetime | None]
    # The report that lies in the archive; None where there is none.
    report_id: Mapped[int | None]
    expires_at: Mapped[datetime]
    # When its owner took it back, and when its bytes went.
    revoked_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    max_openings: Mapped[int]
    openings: Mapped[int] = mapped_column(default=0)
    failed_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]

    study: Mapped[Study] = relationship()
    account: Mapped[Account] = relationship()


class DownloadVisit(Base):
    """One opening of a download's link with its password, and whether the whole was fetched."""

    __tablename__ = "download_visit"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    download_id: Mapped[str] = mapped_column(ForeignKey("download.download_id"), index=True)
    opened_at: Mapped[datetime] = mapped_column(default=clock.now)
    device_class: Mapped[str] = mapped_column(String(20), default="")
    place: Mapped[str] = mapped_column(String(20), default="")
    # When the last byte of the archive was handed over.
    completed_at: Mapped[datetime | None]
