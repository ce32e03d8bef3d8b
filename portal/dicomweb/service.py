"""The blueprint of DICOMweb, who may use it, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar, cast

from flask import Blueprint, Response, g, json, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, HTTPException, NotAcceptable, NotFound

from portal.api.callers import bearer_token, current_caller, require_scope, token_key
from portal.auditing import note_denial
from portal.context import current_cloud, database_session
from portal.decisions import Decision
from portal.identity import source_address
from portal.launch.forms import carries_proof
from portal.limits import limited, seconds_until_reset
from portal.problems import denied_problem, status_problem
from portal.request_log import request_id
from server.access import AccessDenied
from server.archive import recalls
from server.clients import Scope
from server.dicom_index import QueryError
from server.dicomweb import handoffs, readers
from server.dicomweb.media_types import NotAcceptableError
from server.dicomweb.objects import StudyColdError
from server.dicomweb.readers import NotFoundError, Reader

View = TypeVar("View", bound=Callable[..., Any])

PREFIX = "/dicom-web"
PER_CALLER = "6000 per minute"  # a viewer asks for each object by itself
LAUNCH_HEADER = "Yingyun-Launch"
TOO_MANY = 429
COLD = (
    "检查在冷存储中，已开始调回，请稍后再试",
    "the study is in cold storage and is being brought back; try again later",
)

blueprint = Blueprint("dicomweb", __name__, url_prefix=PREFIX)


def reads(view: View) -> View:
    """Only a client with scope `dicomweb.read`, or a viewer that was handed a study, may use it."""
    return _guarded(view, "a reader over DICOMweb", _require_reader)


def stores(view: View) -> View:
    """Only a client with scope `dicomweb.store` may use this view."""
    words = f"a client with scope {Scope.DICOMWEB_STORE}"
    return _guarded(view, words, lambda: require_scope(Scope.DICOMWEB_STORE))


def current_reader() -> Reader:
    """Return who reads, in views of `reads`."""
    return cast(Reader, g.dicomweb_reader)


def base_url() -> str:
    """Return the address of the service, below which all addresses of answers lie."""
    return f"{current_cloud().settings.base_url}{PREFIX}"


def accept_header() -> str:
    """Return what the caller takes: the parameter wins over the header (PS3.18 8.3.3.1)."""
    return request.args.get("accept") or request.headers.get("Accept", "")


def _guarded(view: View, words: str, require: Callable[[], None]) -> View:
    cast(Any, view).decision = Decision(words, lambda _values: require(), data=True)
    return limited(PER_CALLER, by=token_key)(carries_proof(view))


def _require_reader() -> None:
    cloud, session = current_cloud(), database_session()
    opened = handoffs.opened(cloud, session, bearer_token(), source=source_address())
    if opened is not None:
        g.dicomweb_reader = readers.of_handoff(opened)
        g.dicomweb_actor = (g.dicomweb_reader.actor_kind, g.dicomweb_reader.actor)
        readers.check_handoff(cloud, session, opened)
        return
    require_scope(Scope.DICOMWEB_READ)
    launch_id = request.headers.get(LAUNCH_HEADER, "")
    g.dicomweb_reader = readers.of_client(
        cloud, session, current_caller(), launch_id, source=source_address()
    )


def problem(status: int, chinese: str, english: str) -> Response:
    """Return a refusal in plain words of both languages (RFC 9457)."""
    title, english_title = status_problem(status).title, status_problem(status).in_english()[0]
    body = {
        "type": "about:blank",
        "title": f"{title} / {english_title}",
        "status": status,
        "detail": f"{chinese} / {english}" if english else chinese,
        "instance": f"urn:request:{request_id()}",
    }
    return Response(json.dumps(body), status=status, content_type="application/problem+json")


def _told(status: int, words: str) -> Response:
    chinese, _, english = words.partition(" / ")
    return problem(status, chinese, english)


@blueprint.errorhandler(NotFoundError)
def _not_found(error: NotFoundError) -> ResponseReturnValue:
    note_denial("not_found")
    return _told(NotFound.code, str(error))


@blueprint.errorhandler(NotAcceptableError)
def _not_acceptable(error: NotAcceptableError) -> ResponseReturnValue:
    return _told(NotAcceptable.code, str(error))


@blueprint.errorhandler(QueryError)
def _bad_query(error: QueryError) -> ResponseReturnValue:
    return _told(BadRequest.code, str(error))


@blueprint.errorhandler(StudyColdError)
def _cold(error: StudyColdError) -> ResponseReturnValue:
    """Order the recall of a cold study, and say when to ask again."""
    cloud, grant = current_cloud(), current_reader().grant
    database_session().rollback()
    with cloud.database.session() as own:
        recalls.order(own, error.study_id, grant.account_id if grant is not None else None)
        expected = recalls.expected(own)
    cloud.jobs.recall_study(error.study_id)
    answer = problem(HTTPStatus.SERVICE_UNAVAILABLE, *COLD)
    answer.headers["Retry-After"] = str(max(60, int(expected.total_seconds())))
    return answer


@blueprint.errorhandler(AccessDenied)
def _denied(error: AccessDenied) -> ResponseReturnValue:
    note_denial(error.reason.value)
    said = denied_problem(error.reason)
    return problem(said.status, str(said.advice), said.in_english()[1])


@blueprint.errorhandler(HTTPException)
def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.response is not None or error.code < BadRequest.code:
        return error
    said = status_problem(error.code)
    answer = problem(error.code, str(said.advice), said.in_english()[1])
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            answer.headers[name] = value
    if error.code == TOO_MANY:
        answer.headers.setdefault("Retry-After", str(seconds_until_reset()))
    return answer
