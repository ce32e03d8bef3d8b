"""Bringing a cold study back: an order with a state, a deadline, and a notice (D-44, G-07).

Whoever opens a cold study orders its recall; the page tells the state honestly. The deadline is
two hours after the order; one that is missed raises an alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import alarms, audit, clock, messages
from server.archive.moves import move_study
from server.archive.records import archive_row
from server.model import (
    UNFINISHED_RECALL,
    Account,
    Instance,
    ProcessingState,
    Recall,
    RecallState,
    Series,
    Study,
    StudyArchive,
    Tier,
)
from server.storage import StorageError

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

DEADLINE = timedelta(hours=2)
OVERDUE_ALARM, FAILED_ALARM = "recall_overdue", "recall_failed"
# What a recall takes by experience, for the words "about … minutes" before one was measured.
_FIRST_GUESS = timedelta(minutes=10)
_MEASURED = 20


def is_cold(session: Session, study_id: str) -> bool:
    """Whether a study lies in cold storage and has to be recalled before it is read."""
    tier = session.scalar(select(StudyArchive.tier).where(StudyArchive.study_id == study_id))
    return tier == Tier.COLD


def order(session: Session, study_id: str, account_id: int | None) -> Recall:
    """Order a recall for somebody, audited; the one he waits for already if there is one.

    After the commit enqueue `JobQueue.recall_study`; the sweep finds what was not.
    """
    waiting = latest(session, study_id, account_id)
    if waiting is not None and waiting.state in UNFINISHED_RECALL:
        return waiting
    recall = Recall(study_id=study_id, account_id=account_id, due_at=clock.now() + DEADLINE)
    session.add(recall)
    session.flush()
    audit.record(
        session,
        actor_kind="account" if account_id is not None else "system",
        actor=f"account:{account_id}" if account_id is not None else "archive",
        event="recall_ordered",
        object_kind="study",
        object_id=study_id,
        detail={"recall": recall.recall_id, "due_at": recall.due_at.isoformat()},
    )
    return recall


def latest(session: Session, study_id: str, account_id: int | None) -> Recall | None:
    """Return the newest order of somebody for a study."""
    return session.scalar(
        select(Recall)
        .where(Recall.study_id == study_id, Recall.account_id == account_id)
        .order_by(Recall.requested_at.desc())
        .limit(1)
    )


def expected(session: Session) -> timedelta:
    """Return how long a recall will take: the median of the last ones."""
    rows = session.execute(
        select(Recall.requested_at, Recall.finished_at)
        .where(Recall.state == RecallState.READY, Recall.finished_at.is_not(None))
        .order_by(Recall.finished_at.desc())
        .limit(_MEASURED)
    ).all()
    taken = sorted(done - asked for asked, done in rows if done is not None)
    return taken[len(taken) // 2] if taken else _FIRST_GUESS


def study_bytes(session: Session, study_id: str) -> int:
    """Return the size of a study's images, which a recall has to bring."""
    total = session.scalar(
        select(func.sum(Instance.size))
        .join(Series, Series.series_id == Instance.series_id)
        .where(Series.study_id == study_id)
    )
    return int(total or 0)


def unfinished(session: Session) -> Sequence[str]:
    """Return the studies whose recall somebody waits for."""
    return session.scalars(
        select(Recall.study_id).where(Recall.state.in_(UNFINISHED_RECALL)).distinct()
    ).all()


def carry_out(cloud: ImageCloud, study_id: str, *, last: bool = False) -> None:
    """Bring a study back and tell everybody who waits; a job, safe to repeat.

    Raises StorageError to be tried again; at the last try the orders end as failed, with an alarm.
    """
    _set_state(cloud, study_id, RecallState.RUNNING)
    try:
        if _lies_cold(cloud, study_id):
            move_study(cloud, study_id, Tier.HOT)
    except StorageError as error:
        log.warning("recall_failed", study_id=study_id, error=type(error).__name__)
        if last:
            _fail(cloud, study_id, type(error).__name__)
        raise
    with cloud.database.session() as session:
        row = archive_row(session, study_id)
        row.hot_until = clock.now() + timedelta(days=cloud.settings.recalled_days)
        study = session.get_one(Study, study_id)
        unprepared = study.state == ProcessingState.PENDING
        for recall in _waiting(session, study_id):
            recall.state, recall.finished_at = RecallState.READY, clock.now()
            _tell(cloud, session, recall)
        alarms.settle(session, OVERDUE_ALARM, study_id)
        alarms.settle(session, FAILED_ALARM, study_id)
    if unprepared:
        cloud.jobs.prepare_study(study_id)


def watch_deadlines(cloud: ImageCloud) -> int:
    """Raise an alarm for every recall past its deadline; return how many there are (G-07)."""
    with cloud.database.session() as session:
        late = session.scalars(
            select(Recall.study_id)
            .where(Recall.state.in_(UNFINISHED_RECALL), Recall.due_at <= clock.now())
            .distinct()
        ).all()
        for study_id in late:
            words = "冷数据调回超过 2 小时 / a recall has taken more than two hours"
            alarms.raise_alarm(session, OVERDUE_ALARM, study_id, words)
    return len(late)


def _lies_cold(cloud: ImageCloud, study_id: str) -> bool:
    with cloud.database.session() as session:
        return is_cold(session, study_id)


def _waiting(session: Session, study_id: str) -> Sequence[Recall]:
    return session.scalars(
        select(Recall).where(Recall.study_id == study_id, Recall.state.in_(UNFINISHED_RECALL))
    ).all()


def _set_state(cloud: ImageCloud, study_id: str, state: RecallState) -> None:
    with cloud.database.session() as session:
        for recall in _waiting(session, study_id):
            recall.state = state


def _fail(cloud: ImageCloud, study_id: str, failure: str) -> None:
    with cloud.database.session() as session:
        for recall in _waiting(session, study_id):
            recall.state, recall.failure = RecallState.FAILED, failure[:40]
            recall.finished_at = clock.now()
        words = f"冷数据调回失败：{failure} / a recall failed: {failure}"
        alarms.raise_alarm(session, FAILED_ALARM, study_id, words)


def _tell(cloud: ImageCloud, session: Session, recall: Recall) -> None:
    account = session.get(Account, recall.account_id) if recall.account_id is not None else None
    if account is not None:
        body = "您等待的检查影像已从归档中调回，现在可以打开查看。"
        messages.send(cloud, session, account=account, body=body)
