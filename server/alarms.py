"""Alarms: what an operator has to look at, in one list (D-14, F-19).

The words never name a patient. An alarm that is raised again while it is open is not listed twice:
its count goes up and its words become the newest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock
from server.model import Alarm

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()


def raise_alarm(session: Session, kind: str, subject: str, words: str) -> Alarm:
    """Raise an alarm, or count it up while the same one is open.

    `kind` is a word for machines such as "storage_full"; `subject` what it is about, for example
    a volume's name or an object's key; `words` Chinese / English for the operator.
    """
    kind, subject = kind[:40], subject[:200]
    alarm = session.scalar(
        select(Alarm).where(Alarm.kind == kind, Alarm.subject == subject, Alarm.closed_at.is_(None))
    )
    if alarm is None:
        alarm = Alarm(kind=kind, subject=subject, words=words)
        session.add(alarm)
        log.warning("alarm_raised", kind=kind, subject=subject)
    else:
        alarm.count += 1
        alarm.last_seen_at = clock.now()
        alarm.words = words
    session.flush()
    return alarm


def open_alarms(session: Session, kind: str | None = None) -> Sequence[Alarm]:
    """Return the alarms that nobody has closed, the newest first; of one kind if that is given."""
    wanted = select(Alarm).where(Alarm.closed_at.is_(None))
    if kind is not None:
        wanted = wanted.where(Alarm.kind == kind)
    return session.scalars(wanted.order_by(Alarm.opened_at.desc(), Alarm.alarm_id)).all()


def close_alarm(session: Session, alarm_id: str, *, actor_kind: str, actor: str) -> bool:
    """Close an alarm, audited; tell whether it was open. `actor` is an account's id or "system"."""
    alarm = session.get(Alarm, alarm_id)
    if alarm is None or alarm.closed_at is not None:
        return False
    alarm.closed_at, alarm.closed_by = clock.now(), actor[:64]
    audit.record(
        session,
        actor_kind=actor_kind,
        actor=actor,
        event="alarm_closed",
        object_kind="alarm",
        object_id=alarm_id,
        detail={"kind": alarm.kind},
    )
    return True


def settle(session: Session, kind: str, subject: str) -> bool:
    """Close the alarm whose cause is gone by itself, audited; tell whether there was one."""
    alarm = session.scalar(
        select(Alarm).where(
            Alarm.kind == kind[:40], Alarm.subject == subject[:200], Alarm.closed_at.is_(None)
        )
    )
    if alarm is None:
        return False
    return close_alarm(session, alarm.alarm_id, actor_kind="system", actor="system")


def raise_now(cloud: ImageCloud, kind: str, subject: str, words: str) -> None:
    """Raise an alarm in a transaction of its own, for callers that are about to give up."""
    with cloud.database.session() as session:
        raise_alarm(session, kind, subject, words)
