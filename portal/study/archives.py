"""A study, or the series of it that a door opens, streamed as one ZIP archive (C-26)."""

from __future__ import annotations

import contextlib
import itertools

from flask import Response

from portal.auditing import note_view
from portal.context import current_cloud, database_session
from portal.doors import StudyDoor
from server import access, media
from server.access import AccessDenied, Action
from server.model import Study
from server.terms import china_time


def stream(door: StudyDoor, **told: str) -> Response:
    """Stream the archive; it breaks off once the grant no longer holds (F-64).

    What is `told` (the purpose, for example) stands in the audit log beside the download. Raises
    MediaRefusedError, StorageError.
    """
    cloud, session, study = current_cloud(), database_session(), door.study
    found = media.lay_out(cloud, session, study, series_ids=door.grant.series_ids)
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
    note_view(door, "dicom.download", **told)
    headers = {"Content-Disposition": f'attachment; filename="{file_name(study)}"'}
    return Response(
        itertools.chain([first], pieces), content_type="application/zip", headers=headers
    )


def file_name(study: Study) -> str:
    """Return what an archive of a study is called: modality and day, nobody's name."""
    day = china_time(study.study_datetime).strftime("%Y%m%d")
    return f"{study.modality}-{day}.zip"
