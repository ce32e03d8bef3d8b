"""An order is checked: which same examinations of the past could be recognised (E-29, H-06)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock
from server.clients import CallingClient
from server.model import Person, Reminder
from server.quality.dimensions import Grade, offered_for_recognition
from server.reminders.examination import Examination, examination
from server.reminders.history import PastExamination, history_of
from server.reminders.rules import Rules, load_rules

if TYPE_CHECKING:
    from server.cloud import ImageCloud


@dataclass(frozen=True)
class Order:
    """What is about to be ordered; `body_part` may be "" where the item's words say it."""

    exam_item: str
    modality: str
    body_part: str
    physician_code: str
    encounter: str
    order_number: str = ""


@dataclass(frozen=True)
class Checked:
    """What an order means, and the reminder where there is something to remind of."""

    examination: Examination
    reminder: Reminder | None
    offers: tuple[PastExamination, ...]


def check(
    cloud: ImageCloud,
    session: Session,
    caller: CallingClient,
    person: Person | None,
    order: Order,
    *,
    source: str,
) -> Checked:
    """Look for the same examinations; what is found is kept as a reminder, and audited.

    Raises RulesError where the rules cannot be read.
    """
    rules = load_rules(cloud.settings)
    wanted = examination(order.modality, order.body_part, order.exam_item)
    if person is None:
        return Checked(wanted, None, ())
    offers = same_examinations(rules, wanted, history_of(session, person.id, caller.institution_id))
    if not offers:
        return Checked(wanted, None, ())
    reminder = Reminder(
        client_id=caller.client_id,
        institution_id=caller.institution_id,
        person_id=person.id,
        physician_code=order.physician_code,
        encounter=order.encounter,
        order_number=order.order_number,
        exam_item=order.exam_item,
        modality=wanted.modality,
        body_part=wanted.body_part,
        method=wanted.method,
        offered=[one.cloud_index for one in offers],
    )
    session.add(reminder)
    session.flush()
    audit.record(
        session,
        actor_kind="client",
        actor=f"client:{caller.client_id}",
        event="reminder.show",
        object_kind="reminder",
        object_id=reminder.reminder_id,
        source=source,
        detail={"offered": len(offers)},
    )
    return Checked(wanted, reminder, offers)


def same_examinations(
    rules: Rules, wanted: Examination, history: Sequence[PastExamination]
) -> tuple[PastExamination, ...]:
    """Return those of a history that an order reminds of: the same, within the cycle, and of a
    quality that serves diagnosis (丁 does not)."""
    if not rules.reminds(wanted):
        return ()
    now = clock.now()
    earliest = rules.earliest(wanted, now)
    return tuple(
        one
        for one in history
        if one.examination.is_same(wanted)
        and offered_for_recognition(Grade(one.grade))
        and one.study_datetime <= now
        and (earliest is None or one.study_datetime >= earliest)
    )


def offers_of(session: Session, reminder: Reminder) -> tuple[PastExamination, ...]:
    """Return what a reminder offered, as it is now."""
    history = history_of(session, reminder.person_id, reminder.institution_id)
    return tuple(one for one in history if one.cloud_index in reminder.offered)


def open_reminder(
    session: Session, *, institution_id: int, person_id: int, encounter: str
) -> Reminder | None:
    """Return the newest reminder of a visit that nobody has decided yet."""
    return session.scalars(
        select(Reminder)
        .where(
            Reminder.institution_id == institution_id,
            Reminder.person_id == person_id,
            Reminder.encounter == encounter,
            Reminder.outcome.is_(None),
        )
        .order_by(Reminder.created_at.desc(), Reminder.reminder_id)
        .limit(1)
    ).first()
