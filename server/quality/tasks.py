"""What an institution still has to send, as its own systems are told (D-22, D-30, I-16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.model import QualityResult, Study, SupplementTask
from server.quality.rules import LABELS

MOST_TASKS = 500


@dataclass(frozen=True)
class Shortcoming:
    """One thing that was not met: the rule's name, its words and what was found of it."""

    rule: str
    label: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class TaskToSend:
    """One study that is to be supplemented or sent again, and why."""

    task_id: str
    study_uid: str
    accession_number: str
    opened_at: datetime
    shortcomings: tuple[Shortcoming, ...]


def open_tasks(session: Session, institution_id: int) -> Sequence[TaskToSend]:
    """Return an institution's open tasks, the oldest first; names no person."""
    rows = session.execute(
        select(SupplementTask, Study, QualityResult)
        .join(Study, Study.study_id == SupplementTask.study_id)
        .join(QualityResult, QualityResult.result_id == SupplementTask.result_id)
        .where(
            SupplementTask.institution_id == institution_id,
            SupplementTask.closed_at.is_(None),
        )
        .order_by(SupplementTask.opened_at, SupplementTask.task_id)
        .limit(MOST_TASKS)
    )
    return [
        TaskToSend(
            task.task_id,
            study.study_uid,
            study.accession_number,
            task.opened_at,
            tuple(_shortcoming(rule, result) for rule in task.rules),
        )
        for task, study, result in rows
    ]


def _shortcoming(rule: str, result: QualityResult) -> Shortcoming:
    evidence = tuple(str(one["evidence"]) for one in result.findings if one["rule"] == rule)
    return Shortcoming(rule, LABELS.get(rule, rule), evidence)
