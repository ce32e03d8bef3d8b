"""Records on their way to the index-sharing module (索引共享模块): kept here until accepted there.

    outbox.put(session, "share", {"share_id": share_id}, about=study_id)

An entry is written in the caller's transaction, so that what happened and the record of it are
kept or lost together. `server.outbox.delivery` delivers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.model import OutboxEntry, OutboxState

# The record of a study itself: its content is made when it is delivered, from the study then.
STUDY_INDEX = "study_index"
# For the regional health platform (server.master_index), not for the index module.
MASTER_INDEX = "master_index"
_LONGEST_KIND = 40


def put(session: Session, kind: str, content: Mapping[str, Any], *, about: str) -> OutboxEntry:
    """Write an entry in the caller's transaction; it is delivered later, once and in order.

    `kind` is a word such as study_index, retrieval, share, consent, cache; `about` the opaque id
    of its object, of the study wherever there is one. `content` is JSON; it holds opaque ids and
    instants, never a name or a number of a person, for it is kept unsealed. Where no index module
    is configured the entry waits until one is. Call it before `audit.record`.
    """
    if not 0 < len(kind) <= _LONGEST_KIND:
        raise ValueError(f"a kind has 1 to {_LONGEST_KIND} letters")
    entry = OutboxEntry(kind=kind, about=about, content=dict(content))
    session.add(entry)
    session.flush()
    return entry


def states(session: Session) -> dict[str, dict[OutboxState, int]]:
    """Return how many entries of each kind are in each state (D-55)."""
    rows = session.execute(
        select(OutboxEntry.kind, OutboxEntry.state, func.count())
        .group_by(OutboxEntry.kind, OutboxEntry.state)
        .order_by(OutboxEntry.kind)
    )
    found: dict[str, dict[OutboxState, int]] = {}
    for kind, state, count in rows:
        found.setdefault(kind, {})[OutboxState(state)] = count
    return found
