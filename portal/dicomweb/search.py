"""QIDO-RS: the addresses of searches (PS3.18 table 10.6.1-1)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from portal.context import current_cloud, database_session
from portal.dicomweb.noting import note_search
from portal.dicomweb.service import accept_header, base_url, current_reader, reads
from server.dicom_index import Level
from server.dicomweb import searching
from server.dicomweb.media_types import DICOM_JSON, NotAcceptableError, parse_accept
from server.dicomweb.metadata import json_array

SERVICE = "yingyun"
MOST_WARNINGS = 10


@reads
def studies() -> Response:
    """Search for studies."""
    return _answer(Level.STUDY)


@reads
def series(study_uid: str | None = None) -> Response:
    """Search for series, of one study or of all."""
    return _answer(Level.SERIES, study_uid)


@reads
def instances(study_uid: str | None = None, series_uid: str | None = None) -> Response:
    """Search for objects, of one series, one study or all."""
    return _answer(Level.INSTANCE, study_uid, series_uid)


def json_type() -> str:
    """Return the media type of a JSON answer. Raises NotAcceptableError where none is taken."""
    for wanted in parse_accept(accept_header()):
        for media_type in (DICOM_JSON, "application/json"):
            if not wanted.multipart and wanted.takes(media_type):
                return media_type
    raise NotAcceptableError(f"只能以 {DICOM_JSON} 回答 / the answer can only be {DICOM_JSON}")


def _answer(level: Level, study_uid: str | None = None, series_uid: str | None = None) -> Response:
    media_type = json_type()
    parameters = list(request.args.items(multi=True))
    search = searching.parse_search(level, parameters, study_uid=study_uid, series_uid=series_uid)
    cloud, session = current_cloud(), database_session()
    page = searching.find_page(session, current_reader(), search)
    rows = list(searching.page_json(cloud, session, search, page, base_url()))
    note_search(level, len(rows))
    answer = Response(b"".join(json_array(rows)), content_type=media_type)
    answer.headers["X-Total-Count"] = str(page.total)
    left = page.total - search.query.offset - len(rows)
    warnings = list(search.warnings[:MOST_WARNINGS])
    if left > 0:
        warnings.append(f"There are {left} additional results that can be requested")
    for words in warnings:
        answer.headers.add("Warning", f'299 {SERVICE} "{words}"')
    return answer


def add_views(blueprint: Blueprint) -> None:
    """Add the addresses."""
    one = "/studies/<study_uid>"
    for rule, view in (
        ("/studies", studies),
        ("/series", series),
        (f"{one}/series", series),
        ("/instances", instances),
        (f"{one}/instances", instances),
        (f"{one}/series/<series_uid>/instances", instances),
    ):
        blueprint.add_url_rule(rule, f"search_{view.__name__}", view, methods=["GET"])
