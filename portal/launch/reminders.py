"""In a hospital's frame: the reminder of an order, to recognise or to examine anew (H-06, H-14)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest, NotFound

from portal.auditing import note_list
from portal.context import database_session
from portal.identity import source_address
from portal.launch.launched import current_launch, launched, launched_base
from portal.limits import limited
from server import launches, reminders
from server.model import Launch, RecognitionOutcome, Reminder, Study
from server.reminders import (
    REASON_WORDS,
    Decided,
    DecisionRefusedError,
    PastExamination,
    Place,
    Reason,
    Refusal,
)
from server.terms import body_part_label, china_time, modality_label

blueprint = Blueprint("launch_reminders", __name__)

ADDRESS = "/launched/<launch_id>/reminders"
DECISIONS = "30 per minute"


@dataclass(frozen=True)
class Offer:
    """One row; `href` leads to the first image, or to the authorisation that is due before."""

    cloud_index: str
    title: str
    when: str
    institution: str
    grade: str
    href: str
    opens: bool


@dataclass(frozen=True)
class ReminderView:
    """What templates/launch/reminders.html is given; without a reminder there is nothing to ask."""

    reminder_id: str
    exam_item: str
    offers: tuple[Offer, ...]
    reasons: tuple[tuple[str, str], ...]
    action: str
    list_url: str


@blueprint.get(ADDRESS)
@launched
def page(launch_id: str) -> str:
    """Show the newest reminder of the visit that is not decided."""
    launch = current_launch()
    reminder = _open(launch)
    offers = _offers(launch, reminder) if reminder is not None else ()
    view = ReminderView(
        reminder_id=reminder.reminder_id if reminder is not None else "",
        exam_item=reminder.exam_item if reminder is not None else "",
        offers=offers,
        reasons=tuple((str(reason), words) for reason, words in REASON_WORDS.items()),
        action=f"{launched_base(launch_id)}/reminders",
        list_url=f"{launched_base(launch_id)}/studies",
    )
    shown = render_template("launch/reminders.html", page=view)
    note_list("reminder.view", rows=len(offers))
    return shown


@blueprint.post(ADDRESS)
@limited(DECISIONS)
@launched
def decide(launch_id: str) -> ResponseReturnValue:
    """Record what the physician decided."""
    session, launch, form = database_session(), current_launch(), request.form
    reminder = session.get(Reminder, form.get("reminder_id", ""))
    if reminder is None or not _is_of(reminder, launch):
        raise NotFound
    try:
        reminders.decide(
            session,
            reminder,
            _decided(),
            actor=f"account:{launch.account_id}",
            source=source_address(),
        )
    except DecisionRefusedError as refused:
        flash(_refusal(refused.reason), "error")
        return redirect(f"{launched_base(launch_id)}/reminders", 303)
    recognised = reminder.outcome == RecognitionOutcome.ACCEPTED
    flash(_("已记录互认。") if recognised else _("已记录重新检查及理由。"), "success")
    return redirect(f"{launched_base(launch_id)}/reminders", 303)


def _open(launch: Launch) -> Reminder | None:
    if launch.person_id is None:
        return None
    return reminders.open_reminder(
        database_session(),
        institution_id=launch.institution_id,
        person_id=launch.person_id,
        encounter=launch.encounter,
    )


def _is_of(reminder: Reminder, launch: Launch) -> bool:
    return (
        reminder.institution_id == launch.institution_id
        and reminder.person_id == launch.person_id
        and reminder.encounter == launch.encounter
    )


def _decided() -> Decided:
    """Return what the form says. Raises BadRequest."""
    form = request.form
    reason = form.get("reason", "")
    try:
        return Decided(
            outcome=RecognitionOutcome(form.get("outcome", "")),
            cloud_index=form.get("cloud_index", ""),
            reason=Reason(reason) if reason else None,
            comment=form.get("comment", "").strip(),
        )
    except ValueError as error:
        raise BadRequest from error


def _offers(launch: Launch, reminder: Reminder) -> tuple[Offer, ...]:
    found = reminders.offers_of(database_session(), reminder)
    return tuple(_offer(launch, one) for one in found)


def _offer(launch: Launch, one: PastExamination) -> Offer:
    session, base = database_session(), launched_base(launch.launch_id)
    study = session.get(Study, one.study_id) if one.study_id else None
    opens = study is not None and launches.may_read(session, launch.launch_id, study)
    if opens:
        href = f"{base}/studies/{one.study_id}/dicom"
    else:
        href = "" if one.place is Place.OTHER_PROVINCE else f"{base}/authorisation"
    named = f"{body_part_label(one.body_part)} {modality_label(one.modality)}".strip()
    return Offer(
        cloud_index=one.cloud_index,
        title=one.exam_item or named,
        when=china_time(one.study_datetime).strftime("%Y-%m-%d"),
        institution=one.institution_name,
        grade={"A": "甲", "B": "乙", "C": "丙", "D": "丁"}.get(one.grade, ""),
        href=href,
        opens=opens,
    )


def _refusal(reason: Refusal) -> str:
    words = {
        Refusal.DECIDED: _("这次提醒已经处理过，请回到医院系统继续。"),
        Refusal.NOT_OFFERED: _("请选择列出的一次检查。"),
        Refusal.REASON: _("请选择重新检查的理由；选“其他”时请写明。"),
    }
    return str(words[reason])
