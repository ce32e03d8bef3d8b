"""What of a request goes on record: who looked at what, and who was refused what (F-10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, request

from portal.context import current_cloud, database_session
from portal.identity import current_identity, source_address
from server import audit, clock, outbox
from server.access import Grant, GrantKind
from server.archive.records import note_access

if TYPE_CHECKING:
    from portal.doors import StudyDoor


# What counts as the opening of a study, of which the index module gets a record (E-33).
OPENINGS = frozenset({"pictures.view", "report.view", "dicom.view"})


def note_view(door: StudyDoor, event: str, *, series_id: str | None = None, **detail: str) -> None:
    """Record that someone looked at a study, or fetched one series of it.

    Call it when the answer is made: from here until the request's transaction ends, nobody else
    can write to the audit log.
    """
    kind, actor = _actor(door.grant)
    if event in OPENINGS:
        told = {"event": event, "door": door.kind, "at": clock.now().isoformat()}
        outbox.put(database_session(), "retrieval", told, about=door.study.study_id)
        note_access(database_session(), door.study.study_id)
    audit.record(
        database_session(),
        actor_kind=kind,
        actor=actor,
        event=event,
        object_kind="series" if series_id else "study",
        object_id=series_id or door.study.study_id,
        source=source_address(),
        detail=detail,
    )


def note_list(event: str, *, rows: int) -> None:
    """Record that someone was shown a list of studies; what was on it is not repeated."""
    kind, actor = _actor(None)
    audit.record(
        database_session(),
        actor_kind=kind,
        actor=actor,
        event=event,
        object_kind="list",
        source=source_address(),
        detail={"rows": rows},
    )


def note_denial(reason: str) -> None:
    """Record that what was asked for is refused."""
    _note_failure("access.denied", reason)


def note_unreadable(reason: str) -> None:
    """Record that a stored object is missing or damaged (F-14)."""
    _note_failure("object.unreadable", reason)


def _note_failure(event: str, reason: str) -> None:
    """Record a failure in a transaction of its own, which outlives the failed request's.

    The request's is rolled back first, as it will be anyway: on SQLite the record would otherwise
    wait for a lock that the request itself holds.
    """
    database_session().rollback()
    door: StudyDoor | None = g.get("door")
    kind, actor = acting()
    object_kind, object_id = _asked_for(door)
    with current_cloud().database.session() as own:
        audit.record(
            own,
            actor_kind=kind,
            actor=actor,
            event=event,
            object_kind=object_kind,
            object_id=object_id,
            result="failure",
            reason=reason,
            source=source_address(),
        )


def note_ended_visit(share_id: str) -> None:
    """Record that a recipient came back after his share, or his visit, had ended."""
    with current_cloud().database.session() as own:
        audit.record(
            own,
            actor_kind="recipient",
            actor=f"share:{share_id}",
            event="access.denied",
            object_kind="share",
            object_id=share_id,
            result="failure",
            reason="ended",
            source=source_address(),
        )


def acting() -> tuple[str, str]:
    """Return who makes this request, as the log names him: kind, and whom."""
    door: StudyDoor | None = g.get("door")
    return _actor(door.grant if door else None)


def _actor(grant: Grant | None) -> tuple[str, str]:
    if grant is not None:
        kind = "recipient" if grant.kind is GrantKind.SHARE else "account"
        return kind, grant.subject
    if "client_id" in g:
        return "client", f"client:{g.client_id}"
    identity = current_identity()
    return ("account", f"account:{identity.account_id}") if identity else ("anonymous", "")


def _asked_for(door: StudyDoor | None) -> tuple[str, str]:
    if door is not None:
        return "study", door.study.study_id
    share_id = (request.view_args or {}).get("share_id")
    if share_id is not None:
        return "share", share_id
    return "route", request.url_rule.rule if request.url_rule else ""
