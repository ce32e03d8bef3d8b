"""Entries of the outbox that are due, and what became of them: for everybody who delivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from server import audit, clock
from server.model import OutboxEntry, OutboxState

if TYPE_CHECKING:
    from server.cloud import ImageCloud

FIRST_PAUSE = timedelta(seconds=10)  # then 20, 40 … up to an hour
LONGEST_PAUSE = timedelta(hours=1)
_MOST_DOUBLINGS = 20


def due(cloud: ImageCloud, which: ColumnElement[bool], most: int) -> Sequence[str]:
    """Return the ids of waiting entries whose time has come, oldest first."""
    with cloud.database.session() as session:
        return session.scalars(
            select(OutboxEntry.entry_id)
            .where(
                OutboxEntry.state == OutboxState.WAITING,
                OutboxEntry.next_try_at <= clock.now(),
                which,
            )
            .order_by(OutboxEntry.created_at, OutboxEntry.entry_id)
            .limit(most)
        ).all()


def settle(cloud: ImageCloud, due: Sequence[str], verdicts: Mapping[str, str]) -> int:
    """Note what became of each entry; return how many were accepted.

    A verdict is "" for accepted, else the reason of a refusal; one without a verdict waits.
    """
    now, accepted = clock.now(), 0
    with cloud.database.session() as session:
        rows = session.scalars(select(OutboxEntry).where(OutboxEntry.entry_id.in_(due))).all()
        refused = []
        for row in rows:
            row.attempts += 1
            verdict = verdicts.get(row.entry_id)
            if verdict == "":
                row.state, row.failure, row.accepted_at = OutboxState.ACCEPTED, "", now
                accepted += 1
            elif verdict is None:
                _try_later(row, "no_verdict", now)
            else:
                row.state, row.failure = OutboxState.REFUSED, verdict[:40]
                refused.append(row)
        for row in refused:
            _record_refusal(session, row)
    return accepted


def postpone(cloud: ImageCloud, due: Sequence[str], reason: str) -> None:
    """Let entries wait, because nobody answered; `reason` is a word for machines."""
    now = clock.now()
    with cloud.database.session() as session:
        for row in session.scalars(select(OutboxEntry).where(OutboxEntry.entry_id.in_(due))):
            row.attempts += 1
            _try_later(row, reason, now)


def pause_after(attempts: int) -> timedelta:
    """Return how long an entry waits after so many tries that nobody answered."""
    doubled: timedelta = FIRST_PAUSE * 2 ** min(max(attempts - 1, 0), _MOST_DOUBLINGS)
    return min(doubled, LONGEST_PAUSE)


def _try_later(row: OutboxEntry, reason: str, now: datetime) -> None:
    row.failure, row.next_try_at = reason[:40], now + pause_after(row.attempts)


def _record_refusal(session: Session, row: OutboxEntry) -> None:
    audit.record(
        session,
        actor_kind="system",
        actor="worker",
        event="outbox.refused",
        object_kind="outbox",
        object_id=row.entry_id,
        result="failure",
        reason=row.failure,
        detail={"kind": row.kind},
    )
