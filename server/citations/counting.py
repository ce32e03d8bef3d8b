"""How often an institution was reminded, recognised, examined anew and cited (H-08)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from server.model import Citation, RecognitionOutcome, Reminder


@dataclass(frozen=True)
class Counts:
    """Counts of one institution in a period."""

    reminders: int
    accepted: int
    reexamined: int
    citations: int


def counts(session: Session, institution_id: int, since: datetime, until: datetime) -> Counts:
    """Return the counts from `since` to before `until`; decisions count when they were taken."""
    decided = {
        outcome: _count(
            session,
            Reminder.institution_id == institution_id,
            Reminder.outcome == outcome,
            Reminder.decided_at >= since,
            Reminder.decided_at < until,
        )
        for outcome in RecognitionOutcome
    }
    return Counts(
        reminders=_count(
            session,
            Reminder.institution_id == institution_id,
            Reminder.created_at >= since,
            Reminder.created_at < until,
        ),
        accepted=decided[RecognitionOutcome.ACCEPTED],
        reexamined=decided[RecognitionOutcome.REEXAMINED],
        citations=_count(
            session,
            Citation.institution_id == institution_id,
            Citation.cited_at >= since,
            Citation.cited_at < until,
        ),
    )


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0
