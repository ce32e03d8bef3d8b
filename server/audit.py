"""The audit log: append-only, hash-chained, verifiable (F-10 … F-13).

Each entry carries the SHA-256 of its own canonical JSON, which includes the hash of the entry
before it. So an entry that was altered, removed or moved breaks the chain at a place that
`verify` names. Entries hold account numbers and opaque ids, never a person's name or ID number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from server import clock
from server.model import AuditEvent, AuditHead

GENESIS_HASH = "0" * 64
HEAD_ID = 1
_DOMAIN = b"yingyun audit 1\n"
_BATCH = 1000


@dataclass(frozen=True)
class AuditVerdict:
    """What `verify` found: whether the chain holds, and the first entry where it does not."""

    ok: bool
    checked: int
    first_broken: int | None = None
    what: str = ""


@dataclass
class Committed:
    """How many entries of this context (a request, a job) are in the database for good."""

    count: int = 0


_listening: ContextVar[Committed | None] = ContextVar("audit entries", default=None)


def listen() -> Committed:
    """Return what counts the entries of this context from now on, each once it is committed."""
    counted = Committed()
    _listening.set(counted)
    return counted


def record(
    session: Session,
    *,
    actor_kind: str,
    actor: str,
    event: str,
    object_kind: str = "",
    object_id: str = "",
    result: str = "success",
    reason: str = "",
    source: str = "",
    detail: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Append an entry within the caller's transaction (F-10, F-11).

    The head row is locked until the caller commits: writers stand in line, so numbers have no
    gap and no two entries follow the same one, on SQLite and on PostgreSQL; when the caller
    rolls back, the entry never was. Record last in a transaction, so that rows are always
    locked in the same order. `detail` must be JSON; text beyond a column's length is cut.
    """
    session.flush()
    sequence, previous_hash = _advance_head(session)
    entry = AuditEvent(
        sequence=sequence,
        time=clock.now(),
        actor_kind=actor_kind[:20],
        actor=_clean(actor, 64),
        event=event[:60],
        object_kind=object_kind[:20],
        object_id=_clean(object_id, 64),
        result=result[:20],
        reason=_clean(reason, 200),
        source=_clean(source, 64),
        detail=json.loads(_canonical(dict(detail or {}))),
        previous_hash=previous_hash,
    )
    entry.hash = entry_hash(entry)
    session.add(entry)
    _count_once_committed(session)
    session.flush()
    session.execute(
        update(AuditHead).where(AuditHead.id == HEAD_ID).values(hash=entry.hash),
        execution_options={"synchronize_session": False},
    )
    return entry


def record_act(
    session: Session,
    account_id: int,
    event: str,
    object_kind: str,
    object_id: str,
    *,
    source: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Append what an account has done to something of its own."""
    record(
        session,
        actor_kind="account",
        actor=f"account:{account_id}",
        event=event,
        object_kind=object_kind,
        object_id=object_id,
        source=source,
        detail=detail,
    )


def _count_once_committed(session: Session) -> None:
    counted = _listening.get()
    if counted is None:
        return

    def committed(_session: Session) -> None:
        counted.count += 1

    sqlalchemy_event.listen(session, "after_commit", committed, once=True)


def verify(session: Session) -> AuditVerdict:
    """Check the whole chain in one stream and name the first entry that breaks it (F-10)."""
    expected, previous_hash, checked = 1, GENESIS_HASH, 0
    entries = session.scalars(
        select(AuditEvent).order_by(AuditEvent.sequence).execution_options(yield_per=_BATCH)
    )
    for entry in entries:
        fault = _fault(entry, expected, previous_hash)
        if fault is not None:
            return AuditVerdict(False, checked, *fault)
        expected, previous_hash, checked = expected + 1, entry.hash, checked + 1
        session.expunge(entry)
    head = session.execute(select(AuditHead.sequence, AuditHead.hash)).one_or_none()
    if head is None and checked == 0:
        return AuditVerdict(True, 0)
    if head is None or (head.sequence, head.hash) != (checked, previous_hash):
        what = "末尾记录被删除或链尾被改动 / the last entries were removed or the head altered"
        return AuditVerdict(False, checked, checked + 1, what)
    return AuditVerdict(True, checked)


def entry_hash(entry: AuditEvent) -> str:
    """Return the SHA-256 (hex) of an entry's canonical JSON, its own hash column left out."""
    return hashlib.sha256(_DOMAIN + _canonical(canonical_entry(entry)).encode()).hexdigest()


def canonical_entry(entry: AuditEvent) -> dict[str, Any]:
    """Return what the hash of an entry is computed from, as JSON takes it."""
    return {
        "sequence": entry.sequence,
        "time": _instant(entry.time),
        "actor_kind": entry.actor_kind,
        "actor": entry.actor,
        "event": entry.event,
        "object_kind": entry.object_kind,
        "object_id": entry.object_id,
        "result": entry.result,
        "reason": entry.reason,
        "source": entry.source,
        "detail": entry.detail,
        "previous_hash": entry.previous_hash,
    }


def _fault(entry: AuditEvent, expected: int, previous_hash: str) -> tuple[int, str] | None:
    if entry.sequence != expected:
        return expected, "记录缺失 / an entry was removed"
    if entry_hash(entry) != entry.hash:
        return entry.sequence, "记录被改动 / the entry was altered"
    if entry.previous_hash != previous_hash:
        what = (
            "与前一条不相接，前一条被替换 / it does not follow the entry before, which was replaced"
        )
        return entry.sequence, what
    return None


def _advance_head(session: Session) -> tuple[int, str]:
    advanced = _try_advance(session)
    if advanced is None:
        _create_head(session)
        advanced = _try_advance(session)
    if advanced is None:
        raise RuntimeError("the audit head cannot be created")
    return advanced


def _try_advance(session: Session) -> tuple[int, str] | None:
    row = session.execute(
        update(AuditHead)
        .where(AuditHead.id == HEAD_ID)
        .values(sequence=AuditHead.sequence + 1)
        .returning(AuditHead.sequence, AuditHead.hash),
        execution_options={"synchronize_session": False},
    ).one_or_none()
    return None if row is None else (row.sequence, row.hash)


def _create_head(session: Session) -> None:
    last = session.execute(
        select(AuditEvent.sequence, AuditEvent.hash).order_by(AuditEvent.sequence.desc()).limit(1)
    ).one_or_none()
    sequence, last_hash = (0, GENESIS_HASH) if last is None else (last.sequence, last.hash)
    values = {"id": HEAD_ID, "sequence": sequence, "hash": last_hash}
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sqlite_insert(AuditHead).values(values).on_conflict_do_nothing())
    else:
        session.execute(postgresql_insert(AuditHead).values(values).on_conflict_do_nothing())


def _instant(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _clean(text: str, length: int) -> str:
    """Keep what every database can hold and give back unchanged."""
    return "".join(letter for letter in text if letter.isprintable())[:length]
