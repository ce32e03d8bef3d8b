"""Exams whose upload is not complete, for those who follow it up (E-47, E-09)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.collection.uploads import is_late
from server.model import ExamUpload, Institution


@dataclass(frozen=True)
class Incomplete:
    """One exam, and which of the three are here; `late`: its settlement data are overdue."""

    institution: str
    accession_number: str
    opened_at: datetime
    has_images: bool
    has_report: bool
    has_settlement: bool
    late: bool


def incomplete(
    session: Session, start: datetime, end: datetime, institution_id: int | None, *, most: int
) -> Sequence[Incomplete]:
    """Return exams that were named between two instants and are not complete, late ones first."""
    wanted = (
        select(ExamUpload, Institution.name)
        .join(Institution, Institution.id == ExamUpload.institution_id)
        .where(
            ExamUpload.completed_at.is_(None),
            ExamUpload.opened_at >= start,
            ExamUpload.opened_at < end,
        )
        .order_by(ExamUpload.deadline_at.is_(None), ExamUpload.deadline_at, ExamUpload.id)
        .limit(most)
    )
    if institution_id is not None:
        wanted = wanted.where(ExamUpload.institution_id == institution_id)
    return [
        Incomplete(
            name,
            one.accession_number,
            one.opened_at,
            one.images_at is not None,
            one.report_at is not None,
            one.settlement_at is not None,
            is_late(one),
        )
        for one, name in session.execute(wanted)
    ]
