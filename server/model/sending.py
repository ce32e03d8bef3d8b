"""What doctors sent to other DICOM nodes."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server import clock
from server.model.base import Base, opaque_id


class SendingState(enum.StrEnum):
    """How far a sending is."""

    QUEUED = "queued"
    SENDING = "sending"
    WAITING = "waiting"  # for the next try
    DONE = "done"
    FAILED = "failed"


UNFINISHED_SENDING = (SendingState.QUEUED, SendingState.SENDING, SendingState.WAITING)


class Sending(Base):
    """One order to send a study, or some of its series, to a node (C-26)."""

    __tablename__ = "sending"

    sending_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    study_id: Mapped[str] = mapped_column(
        ForeignKey("study.study_id", ondelete="CASCADE"), index=True
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    # The launch in which it was given: the order reaches no further than that launch's patient.
    launch_id: Mapped[str | None] = mapped_column(
        ForeignKey("launch.launch_id", ondelete="CASCADE"), index=True
    )
    node: Mapped[str] = mapped_column(String(60))
    # The chosen series; empty is all of the study.
    series_ids: Mapped[list[Any]] = mapped_column(default=list)
    state: Mapped[SendingState] = mapped_column(String(20), default=SendingState.QUEUED)
    total: Mapped[int] = mapped_column(default=0)
    sent: Mapped[int] = mapped_column(default=0)
    # One {"sop_instance_uid", "reason"} for each object that the node does not take.
    refused: Mapped[list[Any]] = mapped_column(default=list)
    # The last object that was dealt with: objects go in the order of `Instance.id`.
    last_instance_id: Mapped[int] = mapped_column(default=0)
    # One word for machines why the last try ended early, and what more is known.
    failure: Mapped[str] = mapped_column(String(40), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
