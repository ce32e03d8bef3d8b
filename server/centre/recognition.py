"""Mutual recognition counted for the authority (H-08 … H-10).

What was reminded, recognised and cited, and which examinations were not made a second time.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import citations
from server.centre.institutions import level_of
from server.centre.period import Period
from server.model import Institution, RecognitionOutcome, Reminder, Settlement, Study
from server.provinces.records import is_own

FEN = 100


@dataclass(frozen=True)
class Recognised:
    """One institution in a period. `saved_exams` are the orders for which an earlier examination
    was recognised (H-10); amounts are in fen."""

    institution: str
    region: str
    level: str
    reminders: int
    accepted: int
    reexamined: int
    citations: int
    saved_exams: int
    saved_fees: int
    settled: int
    fees: int
    reimbursed: int
    consumables: int


def rows(session: Session, days: Period, institution_id: int | None = None) -> list[Recognised]:
    """Return the counts of each institution."""
    wanted = select(Institution).order_by(Institution.code)
    if institution_id is not None:
        wanted = wanted.where(Institution.id == institution_id)
    return [_row(session, one, days) for one in session.scalars(wanted)]


def devices(
    session: Session, days: Period, institution_id: int | None = None
) -> list[tuple[str, str, int]]:
    """Return institution, modality and examinations of a period: which kinds of devices work."""
    wanted = (
        select(Institution.name, Study.modality, func.count(Study.study_id))
        .join(Study, Study.institution_id == Institution.id)
        .where(Study.study_datetime >= days.start, Study.study_datetime < days.end, is_own())
        .group_by(Institution.name, Study.modality)
        .order_by(Institution.name, Study.modality)
    )
    if institution_id is not None:
        wanted = wanted.where(Institution.id == institution_id)
    return [(name, modality, count) for name, modality, count in session.execute(wanted)]


def _row(session: Session, one: Institution, days: Period) -> Recognised:
    counted = citations.counts(session, one.id, days.start, days.end)
    saved = session.execute(
        select(Reminder.order_number, Reminder.exam_item).where(
            Reminder.institution_id == one.id,
            Reminder.outcome == RecognitionOutcome.ACCEPTED,
            Reminder.decided_at >= days.start,
            Reminder.decided_at < days.end,
        )
    ).all()
    settled = session.execute(
        select(
            func.count(Settlement.id),
            func.coalesce(func.sum(Settlement.fee), 0),
            func.coalesce(func.sum(Settlement.reimbursed), 0),
            func.coalesce(func.sum(Settlement.consumables), 0),
        ).where(
            Settlement.institution_id == one.id,
            Settlement.settled_at >= days.start,
            Settlement.settled_at < days.end,
        )
    ).one()
    return Recognised(
        institution=one.name,
        region=one.province_name,
        level=level_of(one),
        reminders=counted.reminders,
        accepted=counted.accepted,
        reexamined=counted.reexamined,
        citations=counted.citations,
        saved_exams=len(saved),
        saved_fees=sum(_usual_fee(session, one.id, item) for _order, item in saved),
        settled=int(settled[0]),
        fees=int(settled[1]),
        reimbursed=int(settled[2]),
        consumables=int(settled[3]),
    )


def _usual_fee(session: Session, institution_id: int, exam_item: str) -> int:
    """Return what an institution takes for an item on the average; 0 where none was settled."""
    average = session.scalar(
        select(func.avg(Settlement.fee)).where(
            Settlement.institution_id == institution_id, Settlement.exam_item == exam_item
        )
    )
    return round(float(average or 0))
