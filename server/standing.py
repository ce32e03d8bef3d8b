"""How the centre stands in figures, for monitoring (K-27): no person appears in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from server.model import Alarm, AuditEvent, OutboxEntry, Study

if TYPE_CHECKING:
    from server.cloud import ImageCloud


@dataclass(frozen=True)
class Standing:
    """Counts at one moment."""

    studies: Mapping[str, int]  # by processing state
    outbox: Mapping[str, int]  # by state
    alarms: Mapping[str, int]  # open ones, by kind
    waiting_jobs: int
    audit_events: int


def standing(cloud: ImageCloud) -> Standing:
    """Return how the centre stands now. Raises what the database raises."""
    with cloud.database.session() as session:
        return Standing(
            studies=_counted(session, select(Study.state, func.count()).group_by(Study.state)),
            outbox=_counted(
                session, select(OutboxEntry.state, func.count()).group_by(OutboxEntry.state)
            ),
            alarms=_counted(
                session,
                select(Alarm.kind, func.count())
                .where(Alarm.closed_at.is_(None))
                .group_by(Alarm.kind),
            ),
            waiting_jobs=cloud.jobs.huey.pending_count(),
            # The chain only grows, so its last number is how many there are.
            audit_events=session.scalar(select(func.max(AuditEvent.sequence))) or 0,
        )


def _counted(session: Session, statement: Select[Any, int]) -> dict[str, int]:
    return {str(name): int(count) for name, count in session.execute(statement)}
