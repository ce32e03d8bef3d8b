"""Records leave as a file only after somebody else approved (D-18, F-26).

asked = exports.ask(session, actor, wanted, "半年数据核对")      # one person
exports.decide(session, administrator, asked.export_id, True)   # another one
exports.rows(session, actor, asked.export_id)                   # the first, for a few days
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server import clock
from server.centre import records
from server.centre.acting import Actor, OutOfReachError
from server.centre.records import Record, Wanted
from server.model import Account, ExportRequest, ExportState, Role

VALID = timedelta(days=3)
SHORTEST_REASON, LONGEST_REASON = 4, 200


class ExportRefusal(enum.StrEnum):
    """Why an export is not to be had."""

    NO_REASON = "no_reason"
    OWN_REQUEST = "own_request"  # nobody approves what he asked for himself
    NO_APPROVER = "no_approver"  # only administrators of the centre approve
    DECIDED = "decided"
    NOT_APPROVED = "not_approved"
    EXPIRED = "expired"


class ExportRefusedError(Exception):
    """An export is refused; `reason` says why."""

    def __init__(self, reason: ExportRefusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Exportable(Protocol):
    """What can be asked for: records of a kind, or images for research (server.research)."""

    @property
    def kind(self) -> str:
        """Return the word for what it is."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept with the request."""
        ...


def ask(session: Session, actor: Actor, wanted: Exportable, reason: str) -> ExportRequest:
    """Record a request; an institution's administrator gets his own institution's records only.

    Raises ExportRefusedError without a reason.
    """
    if not SHORTEST_REASON <= len(reason.strip()) <= LONGEST_REASON:
        raise ExportRefusedError(ExportRefusal.NO_REASON)
    kept = wanted.as_json()
    if actor.scope is not None:
        kept["institution_id"] = actor.scope
    made = ExportRequest(
        kind=str(wanted.kind), wanted=kept, reason=reason.strip(), requested_by=actor.account_id
    )
    session.add(made)
    session.flush()
    actor.note(session, "export.request", "export", made.export_id, {"kind": made.kind})
    return made


def decide(session: Session, actor: Actor, export_id: str, approved: bool) -> ExportRequest:
    """Approve or refuse somebody else's request. Raises ExportRefusedError, OutOfReachError."""
    found = session.get(ExportRequest, export_id, with_for_update=True)
    if found is None:
        raise OutOfReachError
    if actor.role is not Role.ADMINISTRATOR:
        raise ExportRefusedError(ExportRefusal.NO_APPROVER)
    if found.requested_by == actor.account_id:
        raise ExportRefusedError(ExportRefusal.OWN_REQUEST)
    if found.state != ExportState.REQUESTED:
        raise ExportRefusedError(ExportRefusal.DECIDED)
    found.state = ExportState.APPROVED if approved else ExportState.REFUSED
    found.decided_by, found.decided_at = actor.account_id, clock.now()
    found.expires_at = clock.now() + VALID if approved else None
    event = "export.approve" if approved else "export.refuse"
    actor.note(session, event, "export", export_id, {"kind": found.kind})
    return found


def visible(session: Session, actor: Actor) -> Sequence[ExportRequest]:
    """Return the requests that an actor may know of, newest first: his own, of administrators
    and auditors all."""
    query = (
        select(ExportRequest)
        .options(
            joinedload(ExportRequest.requester).joinedload(Account.institution),
            joinedload(ExportRequest.decider),
        )
        .order_by(ExportRequest.requested_at.desc())
        .limit(200)
    )
    if actor.role not in {Role.ADMINISTRATOR, Role.AUDITOR}:
        query = query.where(ExportRequest.requested_by == actor.account_id)
    return session.scalars(query).all()


def waiting(session: Session, actor: Actor) -> int:
    """Return how many requests wait for this actor's decision."""
    if actor.role is not Role.ADMINISTRATOR:
        return 0
    return len(
        session.scalars(
            select(ExportRequest.export_id).where(
                ExportRequest.state == ExportState.REQUESTED,
                ExportRequest.requested_by != actor.account_id,
            )
        ).all()
    )


def rows(session: Session, actor: Actor, export_id: str) -> Iterator[Record]:
    """Return the records of an approved request to who asked; each time is on record.

    Raises ExportRefusedError before approval and after its time, OutOfReachError for others.
    """
    found = approved(session, actor, export_id)
    found.downloads += 1
    made = list(records.records(session, Wanted.from_json(found.kind, found.wanted)))
    actor.note(session, "export.download", "export", export_id, {"rows": len(made)})
    return iter(made)


def approved(session: Session, actor: Actor, export_id: str) -> ExportRequest:
    """Return a request that its asker may have carried out now. Raises as `rows` does."""
    found = session.get(ExportRequest, export_id)
    if found is None or found.requested_by != actor.account_id:
        raise OutOfReachError
    if found.state != ExportState.APPROVED or found.expires_at is None:
        raise ExportRefusedError(ExportRefusal.NOT_APPROVED)
    if found.expires_at <= clock.now():
        raise ExportRefusedError(ExportRefusal.EXPIRED)
    return found
