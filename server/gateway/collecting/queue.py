"""The records that wait to be sent: sealed on the disk, each once, those with a deadline first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select

from server import clock
from server.db import Database
from server.gateway.collecting.sources import RecordKind
from server.gateway.tables import CollectedRecord, RecordState
from server.keys import MasterKey

FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=30)
SETTLEMENT_TIME = timedelta(hours=24)  # as at the centre (E-09)
_CONTEXT = "gateway.record"


@dataclass(frozen=True)
class Waiting:
    """One record that is to be sent now."""

    id: int
    kind: RecordKind
    record: dict[str, Any]


class RecordQueue:
    """The queue of one front machine."""

    def __init__(self, database: Database, master_key: MasterKey) -> None:
        self._database = database
        self._master_key = master_key

    def put(self, kind: RecordKind, source: str, record: dict[str, Any]) -> bool:
        """Let a record wait; False for one that was collected before, as it is now."""
        content = json.dumps(record, ensure_ascii=False, sort_keys=True)
        digest = self._master_key.keyed_hash(f"{kind}\n{content}", _CONTEXT)
        with self._database.session() as session:
            known = select(CollectedRecord.id).where(CollectedRecord.content_hash == digest)
            if session.scalar(known) is not None:
                return False
            session.add(
                CollectedRecord(
                    content_hash=digest,
                    kind=kind.value,
                    source=source[:60],
                    sealed=self._master_key.seal(content, _CONTEXT),
                    deadline_at=_deadline(kind, record),
                )
            )
        return True

    def next(self, most: int) -> list[Waiting]:
        """Return what is to be sent now, of one kind."""
        due = (
            CollectedRecord.state == RecordState.WAITING,
            CollectedRecord.next_try_at <= clock.now(),
        )
        last = case((CollectedRecord.deadline_at.is_(None), 1), else_=0)
        with self._database.session() as session:
            rows = session.scalars(
                select(CollectedRecord)
                .where(*due)
                .order_by(last, CollectedRecord.deadline_at, CollectedRecord.id)
                .limit(most)
            ).all()
        return [
            Waiting(row.id, RecordKind(row.kind), json.loads(self._opened(row)))
            for row in rows
            if row.kind == rows[0].kind
        ]

    def sent(self, ids: Sequence[int]) -> None:
        """Note what the centre took; the content goes, so that it lies nowhere needlessly."""
        self._set(ids, RecordState.SENT, "")

    def refused(self, ids: Sequence[int], reason: str) -> None:
        """Note what the centre does not take as it is; a row that changes is a new record."""
        self._set(ids, RecordState.REFUSED, reason)

    def put_off(self, ids: Sequence[int], reason: str) -> None:
        """Let records wait, twice as long after each failure, half an hour at most."""
        with self._database.session() as session:
            for number in ids:
                row = session.get_one(CollectedRecord, number)
                row.attempts += 1
                row.reason = reason[:60]
                delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(row.attempts - 1, 10))
                row.next_try_at = clock.now() + delay

    def counts(self) -> dict[str, int]:
        """Return how many records are in each state, and how many are past their deadline."""
        late = (
            CollectedRecord.state != RecordState.SENT,
            CollectedRecord.deadline_at < clock.now(),
        )
        with self._database.session() as session:
            states = select(CollectedRecord.state, func.count()).group_by(CollectedRecord.state)
            found = {str(state): count for state, count in session.execute(states)}
            overdue = session.scalar(select(func.count(CollectedRecord.id)).where(*late))
        return {str(one): found.get(str(one), 0) for one in RecordState} | {"overdue": overdue or 0}

    def _opened(self, row: CollectedRecord) -> str:
        return self._master_key.open(row.sealed or b"", _CONTEXT)

    def _set(self, ids: Sequence[int], state: RecordState, reason: str) -> None:
        with self._database.session() as session:
            for number in ids:
                row = session.get_one(CollectedRecord, number)
                row.state, row.reason, row.sealed = state, reason[:60], None


def _deadline(kind: RecordKind, record: dict[str, Any]) -> datetime | None:
    if kind is not RecordKind.SETTLEMENT or "settled_at" not in record:
        return None
    return datetime.fromisoformat(record["settled_at"]) + SETTLEMENT_TIME
