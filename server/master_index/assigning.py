"""Keeping the platform's unique index: it is given once and does not change."""

from __future__ import annotations

import enum

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock
from server.model import MasterIndex


class Assigned(enum.StrEnum):
    """What became of an index that the platform named."""

    ASSIGNED = "assigned"
    SAME = "same"  # it was kept before
    OTHER = "other"  # the entry has another index, which stays
    TAKEN = "taken"  # the index names another entry
    UNKNOWN = "unknown"  # there is no such entry


def assign(
    session: Session,
    entry_id: str,
    platform_index: str,
    *,
    actor_kind: str,
    actor: str,
    source: str = "",
) -> Assigned:
    """Keep the index of an entry, however often it is told; everything but a repetition is audited.

    An entry that has an index keeps it: clinical systems may have written it down.
    """
    entry = session.get(MasterIndex, entry_id, with_for_update=True, populate_existing=True)
    if entry is None:
        return Assigned.UNKNOWN
    if entry.platform_index == platform_index:
        return Assigned.SAME
    result = Assigned.ASSIGNED
    holder = select(MasterIndex.entry_id).where(MasterIndex.platform_index == platform_index)
    if entry.platform_index is not None:
        result = Assigned.OTHER
    elif session.scalar(holder) is not None:
        result = Assigned.TAKEN
    else:
        entry.platform_index, entry.assigned_at = platform_index, clock.now()
    audit.record(
        session,
        actor_kind=actor_kind,
        actor=actor,
        event="master_index.assign",
        object_kind="master_index",
        object_id=entry_id,
        result="success" if result is Assigned.ASSIGNED else "failure",
        reason="" if result is Assigned.ASSIGNED else str(result),
        source=source,
    )
    return result
