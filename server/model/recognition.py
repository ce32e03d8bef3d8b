"""Mutual recognition (互认): reminders at ordering, what became of them, and citations."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base, opaque_id
from server.model.imaging import Report, Study
from server.model.people import Person


class RecognitionOutcome(enum.StrEnum):
    """What the physician decided when he was reminded (H-14)."""

    ACCEPTED = "accepted"  # the earlier examination is recognised
    REEXAMINED = "reexamined"  # a new one is made all the same


class Reminder(Base):
    """One order for which the same examinations were found, and what the physician decided."""

    __tablename__ = "reminder"

    reminder_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    client_id: Mapped[str] = mapped_column(ForeignKey("institution_client.client_id"))
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    physician_code: Mapped[str] = mapped_column(String(64))
    encounter: Mapped[str] = mapped_column(String(64))
    order_number: Mapped[str] = mapped_column(String(64), default="")
    # What is ordered, as server.reminders.examination tells it.
    exam_item: Mapped[str] = mapped_column(String(200))
    modality: Mapped[str] = mapped_column(String(16))
    body_part: Mapped[str] = mapped_column(String(64))
    method: Mapped[str] = mapped_column(String(64))
    # The cloud indexes that were offered.
    offered: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    outcome: Mapped[RecognitionOutcome | None] = mapped_column(String(20))
    # The one that is recognised; "" for a new examination.
    cloud_index: Mapped[str] = mapped_column(String(200), default="", index=True)
    reason: Mapped[str] = mapped_column(String(40), default="")
    comment: Mapped[str] = mapped_column(Text, default="")
    decided_at: Mapped[datetime | None]


class Citation(Base):
    """Findings and opinion of a report were copied into a clinical system (H-07, H-08)."""

    __tablename__ = "citation"

    citation_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    # Copies from other provinces are deleted some day; the record of what was cited stays.
    study_id: Mapped[str | None] = mapped_column(
        ForeignKey("study.study_id", ondelete="SET NULL"), index=True
    )
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id", ondelete="SET NULL"))
    launch_id: Mapped[str | None] = mapped_column(
        ForeignKey("launch.launch_id", ondelete="SET NULL")
    )
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    cloud_index: Mapped[str] = mapped_column(String(200))
    report_version: Mapped[int]
    reporting_physician: Mapped[str] = mapped_column(String(100))
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    physician_code: Mapped[str] = mapped_column(String(64))
    physician_name: Mapped[str] = mapped_column(String(100))
    encounter: Mapped[str] = mapped_column(String(64), default="")
    # Of the copied text, so that what stands in a clinical record can be compared with it.
    text_sha256: Mapped[str] = mapped_column(String(64))
    cited_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)

    study: Mapped[Study | None] = relationship()
    report: Mapped[Report | None] = relationship()
    person: Mapped[Person | None] = relationship()
