"""Refusals and failures, in plain words with a next step; problem+json for programs (A-49).

Nothing of what went wrong inside is shown: the page carries the number of the request, under which
the log has the details (RFC 9457 for the data form). Pages say it in Chinese first, then in
English, since who opens a link that was passed on has chosen no language yet.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

import structlog
from flask import Flask, Response, current_app, g, json, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from werkzeug.exceptions import HTTPException, InternalServerError

from portal.auditing import note_denial, note_unreadable
from portal.context import database_session
from portal.decisions import answers_data
from portal.i18n import SOURCE_LANGUAGE, current_language
from portal.limits import seconds_until_reset
from portal.problems import Problem, denied_problem, expired_form_problem, status_problem
from portal.request_log import request_id
from server.access import AccessDenied
from server.archive.erasure import is_erased
from server.imaging.delivery import PictureMissingError
from server.storage import (
    DataKeyDestroyedError,
    ObjectColdError,
    ObjectDamagedError,
    ObjectMissingError,
    StorageError,
)

log = structlog.get_logger("portal")

# Until a database that does not answer is asked again: it restarts within half a minute.
UNAVAILABLE_SECONDS = 30


def answer(problem: Problem, *, bare: bool = False) -> Response:
    """Render a problem as a page, or as problem+json where a program asked.

    A `bare` page has neither heading nor entries: nothing that would have to be looked up.
    """
    if answers_data():
        return _as_data(problem)
    words = {
        "problem": problem,
        "english": problem.in_english() if current_language() == SOURCE_LANGUAGE else None,
    }
    if bare:
        template = current_app.jinja_env.get_template("errors/unavailable.html")
        page = template.render(words)
    else:
        page = render_template("errors/problem.html", **words)
    return Response(page, status=problem.status, content_type="text/html; charset=utf-8")


def _as_data(problem: Problem) -> Response:
    response = Response(
        json.dumps(
            {
                "type": problem.kind,
                "title": str(problem.title),
                "status": problem.status,
                "detail": str(problem.advice),
                "instance": f"urn:request:{request_id()}",
            }
        ),
        status=problem.status,
        content_type="application/problem+json",
    )
    if problem.status == HTTPStatus.UNAUTHORIZED and "HX-Request" in request.headers:
        response.headers["HX-Redirect"] = "/login"
    return response


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.response is not None or error.code < HTTPStatus.BAD_REQUEST:
        return error
    response = answer(status_problem(error.code))
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    if error.code == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers.setdefault("Retry-After", str(seconds_until_reset()))
    return response


def _csrf_error(_error: CSRFError) -> ResponseReturnValue:
    return answer(expired_form_problem())


def _access_denied(error: AccessDenied) -> ResponseReturnValue:
    note_denial(error.reason.value)
    return answer(denied_problem(error.reason))


def _missing_picture(_error: PictureMissingError) -> ResponseReturnValue:
    return answer(status_problem(HTTPStatus.NOT_FOUND))


def _unreadable(error: StorageError) -> ResponseReturnValue:
    """Say that a picture cannot be had; a lost or altered object goes on record besides."""
    door = g.get("door")
    if door is not None and is_erased(database_session(), door.study.study_id):
        return _erased(DataKeyDestroyedError())
    log.error("unreadable", request_id=request_id(), error=type(error).__name__, what=str(error))
    if isinstance(error, ObjectMissingError | ObjectDamagedError):
        note_unreadable(type(error).__name__)
    general = status_problem(HTTPStatus.INTERNAL_SERVER_ERROR)
    advice = _l("影像暂时无法显示，请联系检查医院")
    return answer(replace(general, kind="urn:yingyun:unreadable", advice=advice))


def _cold(_error: ObjectColdError) -> ResponseReturnValue:
    """Say that the study has to be recalled, and offer it; programs are told to come again."""
    from portal.study.cold import ASKED_AGAIN_SECONDS, cold_page  # a page, which needs the errors

    if not answers_data() and "door" in g:
        return cold_page(g.door)
    general = status_problem(HTTPStatus.SERVICE_UNAVAILABLE)
    advice = _l("影像已归档，请先在影像页面调回")
    response = answer(replace(general, kind="urn:yingyun:cold", advice=advice))
    response.headers["Retry-After"] = str(ASKED_AGAIN_SECONDS)
    return response


def _erased(_error: DataKeyDestroyedError) -> ResponseReturnValue:
    """Say that the images are gone for good, by a decision."""
    general = status_problem(HTTPStatus.GONE)
    advice = _l("保存期限已满，影像已按规定销毁，无法再打开。如有疑问，请联系检查医院。")
    return answer(replace(general, kind="urn:yingyun:erased", advice=advice))


def _no_database(error: OperationalError | NoConnectionError) -> ResponseReturnValue:
    """Say that the service is away for a while; the page must not ask the database again."""
    cause = getattr(error, "orig", None) or error  # without the statement and its values
    log.error("database_unavailable", request_id=request_id(), error=type(cause).__name__)
    response = answer(status_problem(HTTPStatus.SERVICE_UNAVAILABLE), bare=True)
    response.headers["Retry-After"] = str(UNAVAILABLE_SECONDS)
    return response


def _beyond(error: OverflowError | StatementError) -> ResponseReturnValue:
    """Refuse a number or day that no column holds: what was sent, not what is wrong inside.

    Forms check what they can say something better of; this is the net under all of them.
    """
    cause = getattr(error, "orig", None) or error
    if not isinstance(error, OverflowError | DataError) and not isinstance(cause, OverflowError):
        return _failure(error)
    log.warning("value_out_of_range", request_id=request_id(), error=type(cause).__name__)
    database_session().rollback()
    general = status_problem(HTTPStatus.BAD_REQUEST)
    advice = _l("有数值或日期超出可处理的范围，请改小后重试。")
    return answer(replace(general, advice=advice))


def _failure(error: Exception) -> ResponseReturnValue:
    log.error(
        "unhandled",
        request_id=request_id(),
        error=type(error).__name__,
        exc_info=error,
    )
    return answer(status_problem(InternalServerError.code))


def install_errors(app: Flask) -> None:
    """Answer every refusal and failure in plain words."""
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(AccessDenied, _access_denied)
    app.register_error_handler(PictureMissingError, _missing_picture)
    app.register_error_handler(ObjectColdError, _cold)
    app.register_error_handler(DataKeyDestroyedError, _erased)
    app.register_error_handler(StorageError, _unreadable)
    app.register_error_handler(OperationalError, _no_database)
    app.register_error_handler(NoConnectionError, _no_database)
    app.register_error_handler(OverflowError, _beyond)
    app.register_error_handler(StatementError, _beyond)
    app.register_error_handler(Exception, _failure)
