"""What a reader draws on a study: fetched, saved, exported and taken in (B-28 … B-30).

    GET  annotations.json    {"kept": true, "revision": 3, "document": {…}}
    PUT  annotations.json    {"revision": 3, "document": {…}} → {"revision": 4}
    GET  annotations.dcm     what is kept, as DICOM SR
    POST annotations.dcm     {"document": {…}} as DICOM SR, kept or not
    POST annotations/import  a file, JSON or DICOM SR → {"document": {…}, "left_out": […]}

A document is that of `viewer_py.measure.annotation_json`. Saving names the revision that the reader
started from; when another of his devices has saved since, the answer is 409 with what is kept, in
the form of GET: the page joins the two and saves again. Taking in changes nothing that is kept.

What the recipient of a share draws is not kept here ("kept": false): it stays in his browser, and
ends with his visit. He may still export it.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, json, jsonify, request
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from portal.auditing import note_view
from portal.context import current_cloud, database_session
from portal.decisions import study_action
from portal.doors import StudyDoor
from portal.errors import answer
from portal.problems import Problem
from portal.study import shown
from server import annotations
from server.access import Action
from server.annotations import AnnotationsRefused, Kept, StaleRevision
from viewer_py.measure.annotation import Annotation
from viewer_py.measure.annotation_json import (
    AnnotationFormatError,
    from_document,
    from_json,
    to_json,
)
from viewer_py.measure.model import Words

blueprint = Blueprint("study_annotations", __name__)

DICOM = "application/dicom"
JSON = "application/json"
LARGEST_IMPORT = 8 * 1024 * 1024
MOST_REVISIONS = 1 << 31
_ROLES = {"patient": "patient", "share": "recipient", "doctor": "doctor"}


@blueprint.get("/annotations.json")
@study_action(Action.VIEW_DICOM, data=True)
def fetch(door: StudyDoor) -> Response:
    """Send what the reader has drawn on the study."""
    return jsonify(_sent(door, _kept(door)))


@blueprint.put("/annotations.json")
@study_action(Action.VIEW_DICOM, data=True)
def save(door: StudyDoor) -> Response:
    """Keep what the reader has drawn, unless another device of his has saved since."""
    if door.grant.account_id is None:
        return _refusal(
            HTTPStatus.FORBIDDEN,
            "annotations-not-kept",
            _("标注未保存到服务器"),
            _("通过分享查看时，标注只保留在此浏览器窗口中。"),
        )
    try:
        body = _body({"revision", "document"})
        marks = from_document(body["document"])
        revision = annotations.save(
            current_cloud(), database_session(), door.grant, door.study, body["revision"], marks
        )
    except (AnnotationFormatError, AnnotationsRefused) as error:
        return _refused(error.words)
    except StaleRevision:
        response = jsonify(_sent(door, _kept(door)))
        response.status_code = HTTPStatus.CONFLICT
        return response
    return jsonify({"revision": revision})


@blueprint.get("/annotations.dcm")
@study_action(Action.VIEW_DICOM, data=True)
def export_kept(door: StudyDoor) -> Response:
    """Send what is kept as a DICOM SR."""
    return _report(door, _kept(door).annotations)


@blueprint.post("/annotations.dcm")
@study_action(Action.VIEW_DICOM, data=True)
def export_sent(door: StudyDoor) -> Response:
    """Send what the page has, kept or not, as a DICOM SR."""
    try:
        marks = from_document(_body({"document"})["document"])
        _check_places(door, marks)
    except (AnnotationFormatError, AnnotationsRefused) as error:
        return _refused(error.words)
    return _report(door, marks)


@blueprint.post("/annotations/import")
@study_action(Action.VIEW_DICOM, data=True)
def take_in(door: StudyDoor) -> Response:
    """Read a file of annotations, JSON or DICOM SR; what is kept stays as it is."""
    request.max_content_length = LARGEST_IMPORT
    data = request.get_data()
    left_out: tuple[Words, ...] = ()
    from server.annotations.reading import read_report  # its code tables are slow to load

    try:
        if request.mimetype == JSON:
            marks = from_json(data)
        elif request.mimetype == DICOM:
            marks, left_out = read_report(current_cloud(), database_session(), door.study, data)
        else:
            raise UnsupportedMediaType
        _check_places(door, marks)
    except (AnnotationFormatError, AnnotationsRefused) as error:
        return _refused(error.words)
    note_view(door, "annotations.import")
    return jsonify({"document": _document(marks), "left_out": [_said(one) for one in left_out]})


def _report(door: StudyDoor, marks: Sequence[Annotation]) -> Response:
    if not marks:
        return _refusal(
            HTTPStatus.NOT_FOUND,
            "no-annotations",
            _("没有标注"),
            _("请先在图像上测量或标记，再导出。"),
        )
    # highdicom takes seconds to load, and few people export.
    from server.annotations.report import Reader, make_report

    reader = Reader(_ROLES[door.kind], shown.shows_identity(door), shown.shows_accession(door))
    file = make_report(current_cloud(), database_session(), door.study, marks, reader)
    note_view(door, "annotations.export")
    response = Response(file, content_type=DICOM)
    response.headers["Content-Disposition"] = 'attachment; filename="annotations.dcm"'
    return response


def _check_places(door: StudyDoor, marks: Sequence[Annotation]) -> None:
    """Raise unless the marks lie on the study, and on series that this door opens (F-64).

    A report holds values of pixels: it must not tell those of a series that is not shared.
    """
    annotations.check_places(database_session(), door.study, marks)
    for series_id in sorted({one.image.series_id for one in marks}):
        door.authorize(Action.VIEW_DICOM, series_id)


def _kept(door: StudyDoor) -> Kept:
    """Return what is kept for whoever stands at the door; of recipients nothing is."""
    if door.grant.account_id is None:
        return Kept(0, ())
    return annotations.load(current_cloud(), database_session(), door.study, door.grant.account_id)


def _sent(door: StudyDoor, kept: Kept) -> dict[str, Any]:
    return {
        "kept": door.grant.account_id is not None,
        "revision": kept.revision,
        "document": _document(kept.annotations),
    }


def _document(marks: Sequence[Annotation]) -> Any:
    return json.loads(to_json(marks))


def _body(fields: set[str]) -> dict[str, Any]:
    """Return the JSON object that was sent, of exactly these fields. Raises BadRequest."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or body.keys() != fields:
        raise BadRequest
    revision = body.get("revision", 0)
    if type(revision) is not int or not 0 <= revision < MOST_REVISIONS:
        raise BadRequest
    return body


def _refused(words: Words) -> Response:
    return _refusal(
        HTTPStatus.UNPROCESSABLE_ENTITY, "annotations-refused", _("标注不能保存"), _said(words)
    )


def _said(words: Words) -> str:
    return words.english if str(get_locale()).startswith("en") else words.chinese


def _refusal(status: HTTPStatus, kind: str, title: str, advice: str) -> Response:
    return answer(Problem(status, f"urn:yingyun:{kind}", title, advice, "/", _("返回首页")))
