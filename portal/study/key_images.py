"""The key images of a reader: kept one by one, sent, exported as Key Object Selection.

    GET  key-images.json   {"kept": true, "images": [{"series_id": …, "sop_instance_uid": …,
                           "frame_number": 1, "frame_index": 0}, …]}
    POST key-images.json   one image and {"marked": true} or false → the same as GET
    GET  key-images.dcm    what is kept, as a DICOM Key Object Selection

What the recipient of a share marks is not kept ("kept": false): it ends with his page.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest, Forbidden, NotFound

from portal.auditing import note_view
from portal.context import database_session
from portal.decisions import study_action
from portal.doors import StudyDoor
from portal.study import shown
from server import key_images
from server.access import Action
from server.annotations.report import Reader
from server.key_images import KeyImageRefusedError, Marked

blueprint = Blueprint("study_key_images", __name__)

_ROLES = {"patient": "patient", "share": "recipient", "doctor": "doctor"}
_TEXTS = ("series_id", "sop_instance_uid")


@blueprint.get("/key-images.json")
@study_action(Action.VIEW_DICOM, data=True)
def fetch(door: StudyDoor) -> Response:
    """Send which images the reader marked."""
    return jsonify({"kept": door.grant.account_id is not None, "images": _images(door)})


@blueprint.post("/key-images.json")
@study_action(Action.VIEW_DICOM, data=True)
def mark(door: StudyDoor) -> Response:
    """Mark an image, or take its mark away."""
    if door.grant.account_id is None:
        raise Forbidden
    image, on = _asked()
    try:
        key_images.mark(database_session(), door.study, door.grant.account_id, image, on=on)
    except KeyImageRefusedError as error:
        raise BadRequest from error
    note_view(door, "key_images.mark" if on else "key_images.unmark", series_id=image.series_id)
    return jsonify({"kept": True, "images": _images(door)})


@blueprint.get("/key-images.dcm")
@study_action(Action.VIEW_DICOM, data=True)
def export(door: StudyDoor) -> Response:
    """Send what is kept as a DICOM Key Object Selection."""
    reader = Reader(_ROLES[door.kind], shown.shows_identity(door))
    try:
        data = key_images.make_selection(database_session(), door.study, _marked(door), reader)
    except KeyImageRefusedError as error:
        raise NotFound from error
    note_view(door, "key_images.export")
    headers = {"Content-Disposition": 'attachment; filename="key-images.dcm"'}
    return Response(data, content_type="application/dicom", headers=headers)


def _marked(door: StudyDoor) -> tuple[Marked, ...]:
    account_id = door.grant.account_id
    if account_id is None:
        return ()
    return key_images.marked_images(database_session(), door.study, account_id)


def _images(door: StudyDoor) -> list[dict[str, Any]]:
    """Return the marked images that this door shows, with their places in the reading order."""
    ready = {one.series_id: one for one in shown.ready_series(door)}
    places: dict[str, dict[tuple[str, int], int]] = {}
    found = []
    for one in _marked(door):
        series = ready.get(one.series_id)
        if series is None:
            continue
        if one.series_id not in places:
            frames = shown.series_manifest(door, series).frames
            places[one.series_id] = {
                (frame.sop_instance_uid, frame.frame_number): index
                for index, frame in enumerate(frames)
            }
        index = places[one.series_id].get((one.sop_instance_uid, one.frame_number))
        if index is not None:
            found.append({**vars(one), "frame_index": index})
    return found


def _asked() -> tuple[Marked, bool]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not isinstance(body.get("marked"), bool):
        raise BadRequest
    number = body.get("frame_number")
    texts = [body.get(name) for name in _TEXTS]
    if not all(isinstance(text, str) and 0 < len(text) <= 64 for text in texts):
        raise BadRequest
    if type(number) is not int:
        raise BadRequest
    return Marked(str(texts[0]), str(texts[1]), number), body["marked"]
