"""Tokens with which a viewer outside the browser fetches one study over DICOMweb (C-26)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server import clock
from server.model.base import Base


class ViewerHandoff(Base):
    """One study, handed to a workstation's viewer for a few minutes by whoever may download it.

    The database holds the token's SHA-256. What its giver may do is looked up at each request:
    his account, or the share or launch through which he had come.
    """

    __tablename__ = "viewer_handoff"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    study_id: Mapped[str] = mapped_column(
        ForeignKey("study.study_id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(20))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    share_id: Mapped[str | None] = mapped_column(ForeignKey("share.share_id", ondelete="CASCADE"))
    launch_id: Mapped[str | None] = mapped_column(
        ForeignKey("launch.launch_id", ondelete="CASCADE")
    )
    # The series it is limited to; None is all of the study.
    series_ids: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
