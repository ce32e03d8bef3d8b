"""How the centre is just now: lines, front machines, room, jobs, index, recalls, backups."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import clock, gateways
from server.archive import volumes
from server.backup.making import MADE
from server.centre import links
from server.centre.acting import Actor
from server.model import (
    UNFINISHED_RECALL,
    AuditEvent,
    InstitutionClient,
    LinkState,
    OutboxEntry,
    OutboxState,
    Recall,
    Role,
)

if TYPE_CHECKING:
    from server.cloud import ImageCloud

MANY_JOBS = 200


class Health(enum.StrEnum):
    """How one thing is."""

    GOOD = "good"
    NOTICE = "notice"
    BAD = "bad"
    NONE = "none"  # there is nothing of the kind


@dataclass(frozen=True)
class Sign:
    """One thing: its name for machines, how it is, what of how much, since when."""

    name: str
    health: Health
    part: int = 0
    whole: int = 0
    at: datetime | None = None


def signs(cloud: ImageCloud, session: Session, actor: Actor) -> list[Sign]:
    """Return how the things are that an actor may look at; a supervisor sees none."""
    found: list[Sign] = []
    if actor.role in {Role.ADMINISTRATOR, Role.INSTITUTION_ADMINISTRATOR}:
        found += [_lines(session, actor), _front_machines(session, actor)]
    if actor.role is Role.ADMINISTRATOR:
        found += [_room(cloud, session), _jobs(cloud), _index(session), _recalls(session)]
    if actor.role in {Role.ADMINISTRATOR, Role.AUDITOR}:
        found.append(_backup(cloud, session))
    return found


def _share(name: str, good: int, whole: int) -> Sign:
    health = Health.NONE if not whole else Health.GOOD if good == whole else Health.BAD
    return Sign(name, health, good, whole)


def _lines(session: Session, actor: Actor) -> Sign:
    states = [one.state for one in links.links(session, actor)]
    good = states.count(LinkState.UP)
    if LinkState.DOWN not in states and good < len(states):
        return Sign("links", Health.NOTICE, good, len(states))  # some were not tried yet
    return _share("links", good, len(states))


def _front_machines(session: Session, actor: Actor) -> Sign:
    found = [
        kept
        for kept in gateways.gateways(session)
        if actor.reaches(session.get_one(InstitutionClient, kept.client_id).institution_id)
    ]
    silent = sum(1 for one in found if gateways.is_silent(one))
    return _share("gateways", len(found) - silent, len(found))


def _room(cloud: ImageCloud, session: Session) -> Sign:
    uses = volumes.volume_uses(cloud, session)
    fullest = max((one.percent or 0 for one in uses), default=0)
    full = any(one.too_full for one in uses)
    return Sign("storage", Health.BAD if full else Health.GOOD, fullest, 100)


def _jobs(cloud: ImageCloud) -> Sign:
    waiting = cloud.jobs.huey.pending_count()
    return Sign("jobs", Health.NOTICE if waiting > MANY_JOBS else Health.GOOD, waiting)


def _index(session: Session) -> Sign:
    counts = dict(
        session.execute(
            select(OutboxEntry.state, func.count())
            .where(OutboxEntry.state.in_((OutboxState.WAITING, OutboxState.REFUSED)))
            .group_by(OutboxEntry.state)
        ).all()
    )
    refused = counts.get(OutboxState.REFUSED, 0)
    health = Health.BAD if refused else Health.GOOD
    return Sign("index", health, counts.get(OutboxState.WAITING, 0), refused)


def _recalls(session: Session) -> Sign:
    unfinished = session.scalars(
        select(Recall.due_at).where(Recall.state.in_(UNFINISHED_RECALL))
    ).all()
    late = sum(1 for due in unfinished if due <= clock.now())
    return Sign("recalls", Health.BAD if late else Health.GOOD, len(unfinished), late)


def _backup(cloud: ImageCloud, session: Session) -> Sign:
    newest = session.scalar(select(func.max(AuditEvent.time)).where(AuditEvent.event == MADE))
    by_itself = cloud.settings.backup_dir is not None
    return Sign("backups", Health.GOOD if by_itself and newest else Health.NOTICE, at=newest)
