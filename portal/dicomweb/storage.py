"""STOW-RS: the addresses to which objects are sent (PS3.18 10.5)."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from flask import Blueprint, Response, json, request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from portal.api.callers import current_caller
from portal.context import current_cloud, database_session
from portal.dicomweb.search import SERVICE, json_type
from portal.dicomweb.service import base_url, problem, stores
from portal.identity import source_address
from server.collection.receptions import Receptions
from server.dicomweb.media_types import DICOM, MULTIPART, parse_media_type
from server.dicomweb.metadata import simple_json
from server.dicomweb.multipart import Part, read_parts, read_whole
from server.dicomweb.store import StoreResult, store, store_response
from server.ingest import IngestLimits, Sender
from server.ingest.spool import FOLDER
from server.model import Institution
from server.settings import Settings

NOTHING_SENT = ("请求中没有 DICOM 对象", "the request holds no DICOM object")


@stores
def store_objects(study_uid: str | None = None) -> Response:
    """Store the objects of the request; each is acknowledged only when it is durable."""
    media_type = json_type()
    cloud, session, caller = current_cloud(), database_session(), current_caller()
    limits = IngestLimits.of(cloud.settings)
    parts = _parts(limits, cloud.settings)
    code = session.get_one(Institution, caller.institution_id).code
    session.rollback()  # so that this request holds no snapshot while the ingest writes
    result = store(
        cloud,
        parts,
        institution_code=code,
        sender=Sender("client", f"client:{caller.client_id}", source_address()),
        study_uid=study_uid,
        limits=limits,
        receptions=Receptions(cloud, caller.client_id),
    )
    if not result.stored and not result.failed:
        return problem(HTTPStatus.BAD_REQUEST, *NOTHING_SENT)
    return _answer(result, media_type)


def _parts(limits: IngestLimits, settings: Settings) -> Iterable[Part]:
    """Return the parts of the request, of which none is read yet where there are several.

    Raises UnsupportedMediaType, RequestEntityTooLarge: a body that says itself that it is.
    """
    folder = settings.home / FOLDER
    media_type, parameters = parse_media_type(request.headers.get("Content-Type", ""))
    if media_type == DICOM:
        _bound(limits.object_bytes)
        content = read_whole(request.stream, limits.object_bytes, folder)
        return [Part(DICOM, content)] if content.size else []
    if media_type != MULTIPART or parameters.get("type", DICOM).lower() != DICOM:
        raise UnsupportedMediaType
    limit = settings.delivery_megabytes << 20
    _bound(limit)
    boundary = parameters.get("boundary", "")
    return read_parts(request.stream, boundary, limits.object_bytes, folder, limit)


def _bound(most_bytes: int) -> None:
    """Refuse a body that says itself that it is longer; others are counted as they come."""
    if request.content_length is not None and request.content_length > most_bytes:
        raise RequestEntityTooLarge
    # None would be the few bytes that a form may have; the reader's own count ends first.
    request.max_content_length = most_bytes + (1 << 20)


def _answer(result: StoreResult, media_type: str) -> Response:
    body = json.dumps(simple_json(store_response(result, base_url())))
    answer = Response(body, status=result.status, content_type=media_type)
    for reason in dict.fromkeys(one.reason for one in result.failed):
        answer.headers.add("Warning", f'299 {SERVICE} "{reason}"')
    return answer


def add_views(blueprint: Blueprint) -> None:
    """Add the addresses."""
    for rule in ("/studies", "/studies/<study_uid>"):
        blueprint.add_url_rule(rule, "store", store_objects, methods=["POST"])
