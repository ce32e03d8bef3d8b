"""A study handed to a viewer on the doctor's machine: one link to Weasis, for minutes (C-26)."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from portal.auditing import note_view
from portal.context import current_cloud, database_session
from portal.decisions import study_action
from portal.doctor.purpose import asked_purpose
from portal.doors import StudyDoor
from portal.limits import limited
from portal.study import shown
from server.access import Action
from server.dicomweb import handoffs
from server.sending.weasis import weasis_address
from server.terms import china_time

blueprint = Blueprint("doctor_handing", __name__)

WEASIS = "weasis"
LINKS = "20 per minute"


@blueprint.get(f"/{WEASIS}")
@study_action(Action.DOWNLOAD)
def again(door: StudyDoor) -> ResponseReturnValue:
    """Lead back to where a link is asked for: none is shown twice."""
    return redirect(door.url("sending"), 303)


@blueprint.post(f"/{WEASIS}")
@study_action(Action.DOWNLOAD)
@limited(LINKS)
def weasis(door: StudyDoor) -> ResponseReturnValue:
    """Show a link with a fresh token, this once, for a named purpose (F-30)."""
    purpose = asked_purpose()
    if purpose is None:
        return redirect(door.url("sending"), 303)
    handoff = handoffs.mint(current_cloud(), database_session(), door.grant, door.study)
    note_view(door, "dicom.handoff", purpose=str(purpose.use), approval=purpose.approval)
    return render_template(
        "doctor/weasis.html",
        title=shown.study_title(door),
        subtitle=shown.study_subtitle(door),
        back=door.url("sending"),
        link=weasis_address(handoff),
        until=china_time(handoff.expires_at).strftime("%H:%M"),
    )
