"""A study to take away: one ZIP archive, a DICOM file-set with DICOMDIR (C-26)."""

from __future__ import annotations

import contextlib
import itertools

from flask import Blueprint, Response, flash, redirect
from flask.typing import ResponseReturnValue

from portal.auditing import note_view
from portal.context import current_cloud, database_session
from portal.decisions import study_action
from portal.doctor.purpose import asked_purpose
from portal.doors import StudyDoor
from portal.limits import limited
from portal.study import shown
from server import access, media
from server.access import AccessDenied, Action
from server.media import MediaRefusedError
from server.model import Study
from server.terms import china_time

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
    cloud, session, study = current_cloud(), database_session(), door.study
    try:
        found = media.lay_out(cloud, session, study)
    except MediaRefusedError as refused:
        flash(shown.worded(str(refused)), "error")
        return redirect(door.url("sending"), 303)
    session.refresh(found.data_key)  # the stream outlives the session
    grant, study_id = door.grant, study.study_id

    def still_allowed() -> bool:
        with cloud.database.session() as own, contextlib.suppress(AccessDenied):
            asked = own.get_one(Study, study_id)
            access.authorize(cloud, own, grant, Action.DOWNLOAD, asked)
            return True
        return False

    pieces = media.archive(cloud, found, still_allowed)
    # The first one is read now, while a fault can still be answered in words.
    first = next(pieces)
    day = china_time(study.study_datetime).strftime("%Y%m%d")
    note_view(door, "dicom.download", purpose=str(purpose.use), approval=purpose.approval)
    headers = {"Content-Disposition": f'attachment; filename="{study.modality}-{day}.zip"'}
    return Response(
        itertools.chain([first], pieces), content_type="application/zip", headers=headers
    )
