"""How far the index of every study and the records of what happened are uploaded (D-09, D-55)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import clock, outbox
from server.centre.acting import Actor, OutOfReachError
from server.model import OutboxEntry, OutboxState, Study
from server.provinces.records import is_own

MOST = 100


def unannounced(session: Session) -> int:
    """Return how many of our studies have no index record yet."""
    known = select(OutboxEntry.about).where(OutboxEntry.kind == outbox.STUDY_INDEX)
    query = select(func.count(Study.study_id)).where(Study.study_id.not_in(known), is_own())
    return session.scalar(query) or 0


def troubled(session: Session) -> Sequence[OutboxEntry]:
    """Return the entries that were refused, and those that wait after a try that failed."""
    waits = (OutboxEntry.state == OutboxState.WAITING) & (OutboxEntry.attempts > 0)
    return session.scalars(
        select(OutboxEntry)
        .where((OutboxEntry.state == OutboxState.REFUSED) | waits)
        .order_by(OutboxEntry.created_at.desc())
        .limit(MOST)
    ).all()


def retry(session: Session, actor: Actor, entry_id: str) -> None:
    """Let an entry be tried again at once, audited. Raises OutOfReachError for an accepted one."""
    found = session.get(OutboxEntry, entry_id)
    if found is None or found.state == OutboxState.ACCEPTED:
        raise OutOfReachError
    found.state, found.next_try_at = OutboxState.WAITING, clock.now()
    actor.note(session, "index.retry", "outbox_entry", entry_id, {"kind": found.kind})
