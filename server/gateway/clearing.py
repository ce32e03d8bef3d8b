"""Clearing the spool: what may go, when, and the log of what went (E-26, E-27)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from server import clock
from server.gateway.configuration import Rules
from server.gateway.spool import Spool
from server.gateway.tables import Deletion, SpooledObject, SpoolState

# What the log says of copies; they end at `keep_until` and at no other time.
_RULES = {SpoolState.CACHED: "cache", SpoolState.PUSHED: "pushed"}


def clear_away(spool: Spool, rules: Rules) -> int:
    """Delete files whose time is over, each noted in the log; return how many.

    Only what the centre holds goes: verified objects `keep_days` after that, or at the end of a
    cache's period where that is later; copies of others' at the end of theirs.
    """
    now = clock.now()
    count = 0
    with spool.database.session() as session:
        rows = session.scalars(
            select(SpooledObject).where(
                SpooledObject.state.in_([SpoolState.VERIFIED, SpoolState.CACHED, SpoolState.PUSHED])
            )
        ).all()
    for row in rows:
        end = _end_of(row, rules)
        if end is None or now < end:
            continue
        spool.remove(row, _RULES.get(row.state, "uploaded"))
        count += 1
    return count


def deletions(spool: Spool, study_uid: str) -> list[Deletion]:
    """Return the deletion log of a study, oldest first."""
    with spool.database.session() as session:
        return list(
            session.scalars(
                select(Deletion).where(Deletion.study_uid == study_uid).order_by(Deletion.id)
            )
        )


def _end_of(row: SpooledObject, rules: Rules) -> datetime | None:
    if row.state in _RULES or row.verified_at is None:
        return row.keep_until
    uploaded = row.verified_at + timedelta(days=rules.keep_days)
    return max(uploaded, row.keep_until) if row.keep_until else uploaded
