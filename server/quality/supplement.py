"""What an institution is asked to send again: a task that stays open until a result is better.

A task is opened by what fails, by grade D, and by the rules that `[supplement]` of rules.toml
names: what is missing can only be sent by whoever has it (D-30, I-16).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock, messages
from server.model import (
    Account,
    QualityOutcome,
    QualityResult,
    Role,
    Study,
    SupplementTask,
)
from server.quality.dimensions import Grade
from server.quality.facts import Finding, Severity
from server.quality.rules import LABELS
from server.quality.thresholds import Thresholds
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
    limits: Thresholds,
) -> None:
    """Open, renew or close the study's task as a new result says, and tell the institution.

    Each opening and closing is audited; nobody has to do anything for either.
    """
    task = open_task(session, study.study_id)
    rules = to_supplement(found, result.grade, limits)
    if not rules:
        if task is not None:
            task.closed_at = clock.now()
            _note(session, task, "quality.task.close")
        return
    if task is None:
        task = SupplementTask(study_id=study.study_id, institution_id=study.institution_id)
        session.add(task)
    elif task.rules == rules:
        task.result_id = result.result_id
        return
    task.result_id, task.rules = result.result_id, rules
    session.flush()
    _note(session, task, "quality.task.open")
    _tell(cloud, session, study, result, rules)


def to_supplement(found: Sequence[Finding], grade: str, limits: Thresholds) -> list[str]:
    """Return the names of the rules that ask for a supplement; empty where none does."""
    named = {
        one.rule for one in found if one.severity is Severity.FAIL or one.rule in limits.supplement
    }
    if grade == Grade.D and not named:
        named = {"grade"}
    return sorted(named)


def _note(session: Session, task: SupplementTask, event: str) -> None:
    audit.record(
        session,
        actor_kind="system",
        actor="worker",
        event=event,
        object_kind="study",
        object_id=task.study_id,
        detail={"task": task.task_id, "rules": list(task.rules)},
    )


def _tell(
    cloud: ImageCloud,
    session: Session,
    study: Study,
    result: QualityResult,
    rules: Sequence[str],
) -> None:
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
    judged = "质控未通过" if result.outcome == QualityOutcome.FAILED else "需要补传"
    body = (
        f"【影云】贵机构 {day} 的{modality_label(study.modality)}检查"
        f"（检查号 {study.accession_number or '无'}）影像{judged}：{reasons}。请核对后补传。"
    )
    for account in administrators:
        messages.send(cloud, session, account=account, body=body)
