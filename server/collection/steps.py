"""The seven steps of an exam, as hospitals' systems tell of them (E-38)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.collection.uploads import open_upload
from server.model import ExamStage, ExamStep


@dataclass(frozen=True)
class Step:
    """One step of one exam, and when it happened."""

    accession_number: str
    stage: ExamStage
    happened_at: datetime


def tell(session: Session, institution_id: int, told: Iterable[Step]) -> int:
    """Keep steps of an institution's exams; return how many were new: a step told twice is one."""
    new = 0
    for one in dict.fromkeys(told):
        known = session.scalar(
            select(ExamStep.id).where(
                ExamStep.institution_id == institution_id,
                ExamStep.accession_number == one.accession_number,
                ExamStep.stage == one.stage,
                ExamStep.happened_at == one.happened_at,
            )
        )
        if known is not None:
            continue
        open_upload(session, institution_id, one.accession_number)
        session.add(
            ExamStep(
                institution_id=institution_id,
                accession_number=one.accession_number,
                stage=one.stage,
                happened_at=one.happened_at,
            )
        )
        new += 1
    session.flush()
    return new


def steps_of(session: Session, institution_id: int, accession_number: str) -> Sequence[ExamStep]:
    """Return the steps of an exam in the order in which they happened."""
    return session.scalars(
        select(ExamStep)
        .where(
            ExamStep.institution_id == institution_id,
            ExamStep.accession_number == accession_number,
        )
        .order_by(ExamStep.happened_at, ExamStep.id)
    ).all()
