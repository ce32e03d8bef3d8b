"""Recognised, or examined anew and why: stored, audited, told to the index module (H-08, H-14)."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session

from server import audit, clock, outbox
from server.model import RecognitionOutcome, Reminder

OUTBOX_KIND = "recognition"
LONGEST_COMMENT = 200


class Reason(enum.StrEnum):
    """Why an examination is made anew."""

    DISEASE_CHANGED = "disease_changed"
    QUALITY = "quality"
    NOT_CONSISTENT = "not_consistent"
    EMERGENCY = "emergency"
    TREATMENT = "treatment"
    FORENSIC = "forensic"
    OTHER = "other"


REASON_WORDS = {
    Reason.DISEASE_CHANGED: "病情变化，原结果难以反映目前情况",
    Reason.QUALITY: "原影像质量不能满足诊断",
    Reason.NOT_CONSISTENT: "原结果与临床表现不符",
    Reason.EMERGENCY: "急诊、急救",
    Reason.TREATMENT: "手术、输血等重大医疗措施前",
    Reason.FORENSIC: "伤残评定、司法鉴定等",
    Reason.OTHER: "其他",
}


class Refusal(enum.StrEnum):
    """Why a decision is not taken."""

    DECIDED = "decided"
    NOT_OFFERED = "not_offered"
    REASON = "reason"


class DecisionRefusedError(Exception):
    """The decision is not taken; `reason` says why."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Decided:
    """A physician's decision: an offered index is recognised, or a reason for a new examination.

    Reason.OTHER needs a comment.
    """

    outcome: RecognitionOutcome
    cloud_index: str = ""
    reason: Reason | None = None
    comment: str = ""


def decide(
    session: Session,
    reminder: Reminder,
    decided: Decided,
    *,
    actor: str,
    actor_kind: str = "account",
    source: str,
) -> None:
    """Take a decision, once. Raises DecisionRefusedError.

    The comment is kept here and goes nowhere else, for people write names.
    """
    _check(reminder, decided)
    reason = str(decided.reason) if decided.reason else ""
    accepted = decided.outcome is RecognitionOutcome.ACCEPTED
    now = clock.now()
    moved = session.execute(
        update(Reminder)
        .where(Reminder.reminder_id == reminder.reminder_id, Reminder.outcome.is_(None))
        .values(
            outcome=decided.outcome,
            cloud_index=decided.cloud_index if accepted else "",
            reason=reason,
            comment=decided.comment[:LONGEST_COMMENT],
            decided_at=now,
        )
        .returning(Reminder.reminder_id),
        execution_options={"synchronize_session": False},
    ).one_or_none()
    session.refresh(reminder)
    if moved is None:
        raise DecisionRefusedError(Refusal.DECIDED)
    told = {
        "outcome": str(decided.outcome),
        "reason": reason,
        "cloud_index": reminder.cloud_index,
        "institution": reminder.institution_id,
        "at": now.isoformat(),
    }
    outbox.put(session, OUTBOX_KIND, told, about=reminder.reminder_id)
    audit.record(
        session,
        actor_kind=actor_kind,
        actor=actor,
        event=f"recognition.{decided.outcome}",
        object_kind="reminder",
        object_id=reminder.reminder_id,
        reason=reason,
        source=source,
    )


def _check(reminder: Reminder, decided: Decided) -> None:
    if decided.outcome is RecognitionOutcome.ACCEPTED:
        if decided.cloud_index not in reminder.offered:
            raise DecisionRefusedError(Refusal.NOT_OFFERED)
    elif decided.reason is None or (decided.reason is Reason.OTHER and not decided.comment.strip()):
        raise DecisionRefusedError(Refusal.REASON)
