"""What an institution is asked to send again: a task that stays open until a result is better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, messages
from server.model import (
    Account,
    QualityOutcome,
    QualityResult,
    Role,
    Study,
    SupplementTask,
)
from server.quality.facts import Finding, Severity
from server.quality.rules import LABELS
from server.terms import china_time, modality_label

if TYPE_CHECKING:
    from server.cloud import ImageCloud


def open_task(session: Session, study_id: str) -> SupplementTask | None:
    """Return the open task of a study."""
    return session.scalar(
        select(SupplementTask).where(
            SupplementTask.study_id == study_id, SupplementTask.closed_at.is_(None)
        )
    )


def follow(
    cloud: ImageCloud,
    session: Session,
    study: Study,
    result: QualityResult,
    found: Sequence[Finding],
) -> None:
    """Open, renew or close the study's task as a new result says, and tell the institution."""
    task = open_task(session, study.study_id)
    if result.outcome != QualityOutcome.FAILED:
        if task is not None:
            task.closed_at = clock.now()
        return
    rules = sorted({one.rule for one in found if one.severity is Severity.FAIL})
    if task is None:
        task = SupplementTask(study_id=study.study_id, institution_id=study.institution_id)
        session.add(task)
    elif task.rules == rules:
        task.result_id = result.result_id
        return
    task.result_id, task.rules = result.result_id, rules
    _tell(cloud, session, study, rules)


def _tell(cloud: ImageCloud, session: Session, study: Study, rules: Sequence[str]) -> None:
    """Send a message to the institution's administrators who have a phone (D-22, I-16)."""
    administrators = session.scalars(
        select(Account).where(
            Account.institution_id == study.institution_id,
            Account.role == Role.INSTITUTION_ADMINISTRATOR,
            Account.active,
        )
    ).all()
    day = china_time(study.study_datetime).strftime("%Y-%m-%d")
    reasons = "、".join(LABELS.get(rule, rule).split(" / ")[0] for rule in rules)
    body = (
        f"【影云】贵机构 {day} 的{modality_label(study.modality)}检查"
        f"（检查号 {study.accession_number or '无'}）影像质控未通过：{reasons}。请核对后补传。"
    )
    for account in administrators:
        messages.send(cloud, session, account=account, body=body)
