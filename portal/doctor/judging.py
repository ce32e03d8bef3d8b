"""The quality of images judged by eye: what waits for one's duty, and the form (I-12, I-13)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.auditing import note_list
from portal.context import database_session
from portal.decisions import signed_in, study_action
from portal.doors import StudyDoor
from portal.identity import signed_in_identity, source_address
from portal.limits import limited
from portal.study import shown
from portal.study.quality import duty_words, quality_panel
from server import staff
from server.access import Action
from server.model import Duty, Role
from server.quality import manual
from server.quality.dimensions import GRADE_LABELS, Grade
from server.quality.manual import ManualRefusedError
from server.terms import body_part_label, china_time, modality_label

blueprint = Blueprint("judging", __name__)
waiting_list = Blueprint("judging_list", __name__)

LIST = "/doctor/quality"
JUDGEMENTS = "30 per minute"


@waiting_list.get(LIST)
@signed_in(roles=(Role.DOCTOR,))
def waiting() -> str:
    """Show which studies of one's hospital wait for one's look."""
    session, account_id = database_session(), signed_in_identity().account_id
    duty, institution_id = manual.duty_of(session, account_id), staff.reads_for(session, account_id)
    found = manual.waiting(session, institution_id, duty) if duty and institution_id else ()
    rows = [
        (
            f"/doctor/studies/{one.study_id}/quality",
            f"{modality_label(one.modality)} {body_part_label(one.body_part)}".strip(),
            one.accession_number or "-",
            china_time(one.study_datetime).strftime("%Y-%m-%d %H:%M"),
        )
        for one in found
    ]
    note_list("quality.waiting", rows=len(rows))
    duty_name = duty_words()[duty] if duty else ""
    return render_template("doctor/quality_list.html", rows=rows, duty=duty_name)


@blueprint.get("/quality")
@study_action(Action.VIEW_DICOM)
def form(door: StudyDoor) -> str:
    """Show the form beside what was judged so far."""
    return render_template(
        "doctor/quality_form.html",
        duty=duty_words()[_duty(door)],
        quality=quality_panel(database_session(), door.study),
        items=[(name, shown.worded(words)) for name, words in manual.ITEMS.items()],
        answers=(("met", _("符合")), ("not_met", _("不符合")), ("none", _("不适用"))),
        grades=[(str(one), shown.worded(GRADE_LABELS[one])) for one in Grade if one],
        title=shown.study_title(door),
        subtitle=shown.study_subtitle(door),
        back=LIST if door.grant.launch_id is None else door.list_url,
        images=door.url("dicom"),
        address=door.url("quality"),
    )


@blueprint.post("/quality")
@limited(JUDGEMENTS)
@study_action(Action.VIEW_DICOM)
def judge(door: StudyDoor) -> ResponseReturnValue:
    """Keep what was seen."""
    duty, sent = _duty(door), request.form
    try:
        manual.judge_by_eye(
            database_session(),
            door.study,
            signed_in_identity().account_id,
            duty,
            items={name: sent.get(f"item-{name}", "") for name in manual.ITEMS},
            grade=sent.get("grade", ""),
            comment=sent.get("comment", "").strip(),
            source=source_address(),
        )
    except ManualRefusedError as refused:
        flash(shown.worded(str(refused)), "error")
        return redirect(door.url("quality"), 303)
    flash(_("已保存人工评定。"), "success")
    return redirect(door.url("quality"), 303)


def _duty(door: StudyDoor) -> Duty:
    """Return as what one judges this study. Raises NotFound for whoever does not: images are
    judged by the hospital that made them."""
    session, account_id = database_session(), signed_in_identity().account_id
    duty = manual.duty_of(session, account_id)
    if duty is None or staff.reads_for(session, account_id) != door.study.institution_id:
        raise NotFound
    return duty
