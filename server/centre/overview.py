"""What needs a person today, and how much there is: the numbers of the console's first page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import alarms
from server.centre import coding, exports, openings, registers, rights, usage
from server.centre.acting import Actor
from server.centre.period import Period, day_of, period
from server.centre.records.retrieval import LOOKED
from server.centre.registers.faults import OVER
from server.model import (
    Account,
    ArchiveDecision,
    AuditEvent,
    Authorisation,
    DecisionState,
    Instance,
    Institution,
    OutboxEntry,
    OutboxState,
    ReviewState,
    Role,
    Series,
    Study,
    SupplementTask,
)


@dataclass(frozen=True)
class Task:
    """Something that waits for a person: a word for machines, how much, and where to go."""

    name: str
    count: int
    address: str


@dataclass(frozen=True)
class Figures:
    """How much there is of what an actor reaches; `today` counts what arrived since midnight."""

    institutions: int
    studies: int
    objects: int
    stored_bytes: int
    studies_today: int
    openings_today: int


def tasks(session: Session, actor: Actor) -> list[Task]:
    """Return what waits for this person, all kinds that are his, those without anything too."""
    found: list[Task] = []
    if actor.role in {Role.ADMINISTRATOR, Role.AUDITOR}:
        found.append(Task("alarms", len(alarms.open_alarms(session)), "/admin/alarms"))
    if actor.role is Role.ADMINISTRATOR:
        found += [
            Task("exports", exports.waiting(session, actor), "/admin/exports"),
            Task("decisions", _decisions(session, actor), "/admin/retention"),
            Task("index_refused", _refused(session), "/admin/index"),
        ]
    if actor.role is Role.INSTITUTION_ADMINISTRATOR:
        found.append(Task("reviews", _reviews(session, actor), "/reviews"))
    if actor.role in {Role.ADMINISTRATOR, Role.INSTITUTION_ADMINISTRATOR}:
        found += [
            Task("supplements", _supplements(session, actor), "/admin/uploads"),
            Task("openings", _openings_waiting(session, actor), "/admin/accounts"),
            Task("licences", _licences(session, actor), "/admin/staff"),
            Task("unmapped", len(coding.unmapped(session, actor.scope)), "/admin/coding"),
        ]
    if actor.role is not Role.SUPERVISOR:
        found.append(Task("rights", len(rights.due(session, actor)), "/admin/rights"))
    return found


def figures(session: Session, actor: Actor) -> Figures:
    """Return the numbers of what an actor reaches."""
    today = period(days=1)
    of_scope = [] if actor.scope is None else [Study.institution_id == actor.scope]
    sizes = session.execute(
        select(func.count(Instance.id), func.coalesce(func.sum(Instance.size), 0))
        .join(Series, Series.series_id == Instance.series_id)
        .join(Study, Study.study_id == Series.study_id)
        .where(*of_scope)
    ).one()
    living = select(func.count(Institution.id)).where(Institution.ended_at.is_(None))
    if actor.scope is not None:
        living = living.where(Institution.id == actor.scope)
    return Figures(
        institutions=session.scalar(living) or 0,
        studies=session.scalar(select(func.count(Study.study_id)).where(*of_scope)) or 0,
        objects=sizes[0],
        stored_bytes=int(sizes[1]),
        studies_today=session.scalar(
            select(func.count(Study.study_id)).where(Study.received_at >= today.start, *of_scope)
        )
        or 0,
        openings_today=_openings(session, actor, today),
    )


def arrivals(session: Session, days: Period) -> dict[str, int]:
    """Return the bytes that arrived on each day of a period, by ISO date."""
    stored = usage.stored_by_day(session, days)
    return {day.isoformat(): stored.get(day, 0) for day in days.days()}


def studies_by_day(session: Session, actor: Actor, days: Period) -> dict[str, int]:
    """Return how many studies arrived on each day of a period, by ISO date."""
    counted = {day.isoformat(): 0 for day in days.days()}
    query = select(Study.received_at).where(
        Study.received_at >= days.start, Study.received_at < days.end
    )
    if actor.scope is not None:
        query = query.where(Study.institution_id == actor.scope)
    for instant in session.scalars(query):
        counted[day_of(instant).isoformat()] += 1
    return counted


def _openings(session: Session, actor: Actor, days: Period) -> int:
    query = select(func.count(AuditEvent.sequence)).where(
        AuditEvent.event.in_(LOOKED), AuditEvent.time >= days.start, AuditEvent.result == "success"
    )
    if actor.scope is not None:
        readers = session.scalars(select(Account.id).where(Account.institution_id == actor.scope))
        query = query.where(AuditEvent.actor.in_([f"account:{number}" for number in readers]))
    return session.scalar(query) or 0


def _refused(session: Session) -> int:
    query = select(func.count(OutboxEntry.entry_id)).where(OutboxEntry.state == OutboxState.REFUSED)
    return session.scalar(query) or 0


def _decisions(session: Session, actor: Actor) -> int:
    """Return how many proposals of others wait for this person."""
    query = select(func.count(ArchiveDecision.decision_id)).where(
        ArchiveDecision.state == DecisionState.PROPOSED,
        ArchiveDecision.proposed_by != actor.account_id,
    )
    return session.scalar(query) or 0


def _openings_waiting(session: Session, actor: Actor) -> int:
    found = openings.waiting(session, actor)
    return sum(1 for one in found if one.opened_by != actor.account_id)


def _licences(session: Session, actor: Actor) -> int:
    return sum(
        1
        for register in registers.REGISTERS.values()
        for row in registers.rows(session, actor, register)
        if OVER & set(row.faults)
    )


def _reviews(session: Session, actor: Actor) -> int:
    query = select(func.count(Authorisation.authorisation_id)).where(
        Authorisation.review == ReviewState.PENDING, Authorisation.institution_id == actor.scope
    )
    return session.scalar(query) or 0


def _supplements(session: Session, actor: Actor) -> int:
    query = select(func.count(SupplementTask.task_id)).where(SupplementTask.closed_at.is_(None))
    if actor.scope is not None:
        query = query.where(SupplementTask.institution_id == actor.scope)
    return session.scalar(query) or 0
