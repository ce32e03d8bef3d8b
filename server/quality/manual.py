"""Judging images by eye: the items of the form, who is asked, what is kept (I-12, I-13).

What a rule leaves to people goes to the duty that can tell: whoever took the images, whoever
reads them, or whoever looks after devices and lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import false, or_, select
from sqlalchemy.orm import Session

from server import audit, clock
from server.model import (
    Account,
    Duty,
    ManualJudgement,
    QualityDuty,
    QualityOutcome,
    QualityPlan,
    QualityResult,
    Role,
    Study,
)
from server.quality.dimensions import Grade
from server.quality.judging import latest
from server.study_conditions import newest_result

ITEMS = {
    "examination": "检查规范 / examined by the rules",
    "position": "体位准确 / positioned right",
    "clarity": "图像清晰 / clear",
    "tissue_contrast": "组织对比良好 / good tissue contrast",
    "size": "图像大小合适 / of suitable size",
    "field": "照射野正确 / right field",
    "split_display": "需要时分格显示 / split display where needed",
    "distortion": "无失真变形 / no distortion",
    "operation": "无操作缺陷 / no operating defect",
    "artefact": "无伪影 / no artefact",
    "layout": "排版整洁 / neat layout",
}
ANSWERS = ("met", "not_met", "none")
LONGEST_COMMENT = 500
MOST_WAITING = 200
WITHIN_DAYS = 7
SAMPLED = timedelta(days=30)  # what passed longer ago is not drawn any more
# Rules whose findings one duty judges; the diagnostician judges the others.
_OF_DUTY = {
    Duty.TECHNOLOGIST: frozenset({"complete", "valid_image", "required_elements"}),
    Duty.ENGINEER: frozenset({"unaltered", "judgement"}),
}


class ManualRefusedError(ValueError):
    """The form is not filled in; the message is "中文 / English"."""


def give_duty(
    session: Session,
    account: Account,
    duty: Duty | None,
    *,
    actor_kind: str = "system",
    actor: str,
) -> None:
    """Have a doctor's account judge images as `duty`, or no longer (None); audited.

    Raises ManualRefusedError for an account that reads for no institution.
    """
    if account.role != Role.DOCTOR or account.institution_id is None:
        raise ManualRefusedError(
            "只有医疗机构的医技账户可以承担质控 / only accounts of a hospital's physicians and "
            "technologists judge images"
        )
    kept = session.get(QualityDuty, account.id)
    if duty is None:
        if kept is not None:
            session.delete(kept)
    else:
        session.merge(QualityDuty(account_id=account.id, duty=duty))
    audit.record(
        session,
        actor_kind=actor_kind,
        actor=actor,
        event="quality.duty",
        object_kind="account",
        object_id=str(account.id),
        detail={"duty": str(duty) if duty is not None else ""},
    )


def duty_of(session: Session, account_id: int) -> Duty | None:
    """Return as what an account judges images, None where it does not."""
    kept = session.get(QualityDuty, account_id)
    return Duty(kept.duty) if kept is not None else None


def duties_for(rules: Iterable[str]) -> frozenset[Duty]:
    """Return who is asked to look at what these rules found."""
    found = set()
    for rule in rules:
        owners = [duty for duty, owned in _OF_DUTY.items() if rule in owned]
        found |= set(owners or [Duty.DIAGNOSTICIAN])
    return frozenset(found)


def waiting(session: Session, institution_id: int, duty: Duty) -> Sequence[Study]:
    """Return an institution's own studies that wait for a duty's look, the oldest first: what a
    rule left to people, and of what passed the sample of the plan."""
    return [study for study, _since in waiting_since(session, institution_id, duty)]


def waiting_since(
    session: Session, institution_id: int, duty: Duty
) -> Sequence[tuple[Study, datetime]]:
    """Return what `waiting` does, and since when each waits."""
    percent = plan_of(session, institution_id, duty).sample_percent
    looked_at = (
        select(ManualJudgement.judgement_id)
        .where(
            ManualJudgement.study_id == Study.study_id,
            ManualJudgement.duty == duty,
            ManualJudgement.result_version == QualityResult.version,
        )
        .exists()
    )
    rows = session.execute(
        select(Study, QualityResult)
        .join(QualityResult, QualityResult.result_id == newest_result())
        .where(
            Study.institution_id == institution_id,
            or_(
                QualityResult.outcome != QualityOutcome.PASSED,
                QualityResult.judged_at >= clock.now() - SAMPLED if percent else false(),
            ),
            ~looked_at,
        )
        .order_by(QualityResult.judged_at, Study.study_id)
    )
    found: list[tuple[Study, datetime]] = []
    for study, result in rows:
        if result.outcome == QualityOutcome.PASSED:
            asked = _in_sample(study.study_id, percent)
        else:
            asked = duty in duties_for(str(one["rule"]) for one in result.findings)
        if asked:
            found.append((study, result.judged_at))
        if len(found) >= MOST_WAITING:
            break
    return found


def plan_of(session: Session, institution_id: int, duty: Duty) -> QualityPlan:
    """Return how often and how soon a duty looks at images (I-13); the default where none is."""
    kept = session.get(QualityPlan, (institution_id, duty))
    if kept is not None:
        return kept
    return QualityPlan(
        institution_id=institution_id, duty=duty, sample_percent=0, within_days=WITHIN_DAYS
    )


def _in_sample(study_id: str, percent: int) -> bool:
    """Draw studies evenly, always the same ones, and not to be foreseen by who makes them."""
    return hashlib.sha256(f"sample {study_id}".encode()).digest()[0] * 100 < percent * 256


def judge_by_eye(
    session: Session,
    study: Study,
    account_id: int,
    duty: Duty,
    *,
    items: Mapping[str, str],
    grade: str,
    comment: str,
    source: str,
) -> ManualJudgement:
    """Keep what somebody saw; audited. Raises ManualRefusedError for what is not filled in."""
    if set(items) != set(ITEMS) or not set(items.values()) <= set(ANSWERS):
        raise ManualRefusedError("请逐项选择 / choose an answer for each item")
    if grade not in {"A", "B", "C", "D"}:
        raise ManualRefusedError("请选择等级 / choose a grade")
    automatic = latest(session, study.study_id)
    judgement = ManualJudgement(
        study_id=study.study_id,
        account_id=account_id,
        duty=duty,
        result_version=automatic.version if automatic is not None else 0,
        items=dict(items),
        grade=Grade(grade),
        comment=comment[:LONGEST_COMMENT],
    )
    session.add(judgement)
    session.flush()
    audit.record(
        session,
        actor_kind="account",
        actor=f"account:{account_id}",
        event="quality.judge_by_eye",
        object_kind="study",
        object_id=study.study_id,
        source=source,
        detail={
            "duty": str(duty),
            "grade": grade,
            "not_met": sorted(name for name, answer in items.items() if answer == "not_met"),
        },
    )
    return judgement


def judgements_of(session: Session, study_id: str) -> Sequence[ManualJudgement]:
    """Return the newest judgement of each duty, in the order in which they were made."""
    rows = session.scalars(
        select(ManualJudgement)
        .where(ManualJudgement.study_id == study_id)
        .order_by(ManualJudgement.judged_at, ManualJudgement.judgement_id)
    )
    newest = {one.duty: one for one in rows}
    return sorted(newest.values(), key=lambda one: one.judged_at)
