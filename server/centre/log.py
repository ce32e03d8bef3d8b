"""The operation log (操作日志, D-19) as auditors read it: the audit chain, narrowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from server.centre.period import Period
from server.model import Account, AuditEvent

PAGE_LENGTH = 50
_OWN = "account:"


@dataclass(frozen=True)
class Narrowed:
    """What the log is narrowed to; empty values narrow nothing. `event` is a name or the part of
    one before the first dot; `login` that of an account."""

    period: Period
    login: str = ""
    event: str = ""
    result: str = ""
    object_id: str = ""


@dataclass(frozen=True)
class Entry:
    """One line: the entry, and the login of the account that made it, where one did."""

    event: AuditEvent
    login: str


def page(
    session: Session, narrowed: Narrowed, *, before: int | None = None, length: int = PAGE_LENGTH
) -> tuple[list[Entry], int | None]:
    """Return some entries, newest first, and the number before which the next page begins."""
    query = select(AuditEvent).where(*_conditions(session, narrowed))
    if before is not None:
        query = query.where(AuditEvent.sequence < before)
    found = session.scalars(query.order_by(AuditEvent.sequence.desc()).limit(length + 1)).all()
    shown = found[:length]
    return _named(session, shown), shown[-1].sequence if len(found) > length else None


def kinds(session: Session) -> list[str]:
    """Return the types of operations that the log holds: the first parts of events' names."""
    names = session.scalars(select(AuditEvent.event).distinct())
    return sorted({name.partition(".")[0] for name in names})


def _conditions(session: Session, narrowed: Narrowed) -> list[ColumnElement[bool]]:
    conditions = [
        AuditEvent.time >= narrowed.period.start,
        AuditEvent.time < narrowed.period.end,
    ]
    if narrowed.login:
        wanted = select(Account.id).where(Account.login == narrowed.login.strip().lower())
        account_id = session.scalar(wanted)
        conditions.append(AuditEvent.actor == f"{_OWN}{account_id or 0}")
    if narrowed.event:
        named = AuditEvent.event == narrowed.event
        below = AuditEvent.event.startswith(f"{narrowed.event}.", autoescape=True)
        conditions.append(named | below)
    if narrowed.result:
        conditions.append(AuditEvent.result == narrowed.result)
    if narrowed.object_id:
        conditions.append(AuditEvent.object_id == narrowed.object_id.strip())
    return conditions


def _named(session: Session, events: Sequence[AuditEvent]) -> list[Entry]:
    numbers = {
        int(one.actor.removeprefix(_OWN))
        for one in events
        if one.actor.startswith(_OWN) and one.actor.removeprefix(_OWN).isdigit()
    }
    logins = {
        f"{_OWN}{number}": login
        for number, login in session.execute(
            select(Account.id, Account.login).where(Account.id.in_(numbers))
        )
    }
    return [Entry(one, logins.get(one.actor, "")) for one in events]
