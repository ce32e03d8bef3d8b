"""Shares that a patient gives away, and the visits to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base, opaque_id
from server.model.imaging import Study
from server.model.people import Account


class Share(Base):
    """A link to one study. Secret, password and short code are held only as hashes."""

    __tablename__ = "share"

    share_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    study_id: Mapped[str] = mapped_column(ForeignKey("study.study_id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64))
    short_code_hash: Mapped[str] = mapped_column(String(64))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    recipient: Mapped[str] = mapped_column(String(100), default="")
    # {"report", "images", "dicom", "download": bool, "series": [series_id]} where [] is all
    scope: Mapped[dict[str, Any]] = mapped_column(default=dict)
    show_identity: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    max_views: Mapped[int | None]
    views: Mapped[int] = mapped_column(default=0)
    revoked_at: Mapped[datetime | None]
    failed_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    # Whether the recipient's label and the time are burnt into the pictures.
    watermark: Mapped[bool] = mapped_column(default=False)
    # Where the recipient's own code goes, besides the password; sealed.
    recipient_phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    recipient_code_hash: Mapped[str | None] = mapped_column(String(64))
    recipient_code_expires_at: Mapped[datetime | None]

    study: Mapped[Study] = relationship()
    account: Mapped[Account] = relationship()
    visits: Mapped[list[ShareVisit]] = relationship(
        back_populates="share", order_by="ShareVisit.opened_at.desc()"
    )


class ShareVisit(Base):
    """One opening of a share: a session of the recipient (A-27)."""

    __tablename__ = "share_visit"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    share_id: Mapped[str] = mapped_column(ForeignKey("share.share_id"), index=True)
    opened_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    device_class: Mapped[str] = mapped_column(String(20), default="")
    # "inside" or "outside" the hospitals' networks; empty where the site does not know them.
    place: Mapped[str] = mapped_column(String(20), default="")

    share: Mapped[Share] = relationship(back_populates="visits")


class ShareFailure(Base):
    """One opening of a share that did not succeed, as its giver is told of it (A-27)."""

    __tablename__ = "share_failure"

    id: Mapped[int] = mapped_column(primary_key=True)
    share_id: Mapped[str] = mapped_column(ForeignKey("share.share_id"), index=True)
    time: Mapped[datetime] = mapped_column(default=clock.now)
    # A word of server.sharing.failures.Outcome.
    outcome: Mapped[str] = mapped_column(String(20))
    device_class: Mapped[str] = mapped_column(String(20), default="")
    place: Mapped[str] = mapped_column(String(20), default="")
