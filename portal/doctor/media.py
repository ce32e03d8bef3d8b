"""A study to take away: one ZIP archive, a DICOM file-set with DICOMDIR (C-26)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect
from flask.typing import ResponseReturnValue

from portal.decisions import study_action
from portal.doctor.purpose import asked_purpose
from portal.doors import StudyDoor
from portal.limits import limited
from portal.study import archives, shown
from server.access import Action
from server.media import MediaRefusedError

blueprint = Blueprint("doctor_media", __name__)

ARCHIVE = "study.zip"
ARCHIVES = "10 per minute"


@blueprint.get(f"/{ARCHIVE}")
@study_action(Action.DOWNLOAD)
@limited(ARCHIVES)
def archive(door: StudyDoor) -> ResponseReturnValue:
    """Stream the archive for a named purpose (F-30); it breaks off once the doctor may no longer
    have it (F-64)."""
    purpose = asked_purpose()
    if purpose is None:
        return redirect(door.url("sending"), 303)
    try:
        return archives.stream(door, purpose=str(purpose.use), approval=purpose.approval)
    except MediaRefusedError as refused:
        flash(shown.worded(str(refused)), "error")
        return redirect(door.url("sending"), 303)
