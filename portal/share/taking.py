"""What a recipient takes away, where the giver allows it: the shared series as one archive."""

from __future__ import annotations

from flask import Blueprint, flash, redirect
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.decisions import study_action
from portal.doors import StudyDoor
from portal.entry import entry_kind
from portal.limits import limited
from portal.study import archives, shown
from server.access import Action
from server.accounts import EntryKind
from server.media import MediaRefusedError

blueprint = Blueprint("share_taking", __name__)

ARCHIVE = "study.zip"
ARCHIVES = "10 per minute"


@blueprint.get(f"/{ARCHIVE}")
@study_action(Action.DOWNLOAD)
@limited(ARCHIVES)
def archive(door: StudyDoor) -> ResponseReturnValue:
    """Stream the archive; it breaks off once the share ends (F-64)."""
    if entry_kind() is EntryKind.MINI_PROGRAM:
        flash(_("小程序内不能下载文件，请用手机浏览器打开同一链接。"), "error")
        return redirect(door.base_url, 303)
    door.authorize(Action.VIEW_DICOM)  # the report alone may be what can be taken away
    try:
        return archives.stream(door)
    except MediaRefusedError as refused:
        flash(shown.worded(str(refused)), "error")
        return redirect(door.base_url, 303)
