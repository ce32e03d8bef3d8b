"""One JSON line a request: what, how long, how it ended; never a name, a query or a token."""

from __future__ import annotations

import re
import secrets
import time
from typing import cast

import structlog
from flask import Flask, Response, g, request

from portal.context import current_cloud
from portal.entry import entry_kind

log = structlog.get_logger("portal")
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def request_id() -> str:
    """Return the number under which this request stands in the log."""
    return cast(str, g.get("request_id", ""))


def _start() -> None:
    g.started = time.perf_counter()
    given = request.headers.get("X-Request-ID", "")
    trusted = current_cloud().settings.trusted_proxies > 0 and REQUEST_ID.fullmatch(given)
    g.request_id = given if trusted else secrets.token_hex(8)


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = request_id()
    log.info(
        "request",
        request_id=request_id(),
        method=request.method,
        # The rule, not the path: paths hold identifiers, queries may hold anything.
        route=request.url_rule.rule if request.url_rule else None,
        status=response.status_code,
        milliseconds=round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000),
        account=g.get("account_id"),
        door=g.door.kind if "door" in g else None,
        # To look is to vary by cookie, and a file that varies is fetched again after a sign-in.
        entry=None if request.blueprint == "files" else entry_kind(),
    )
    return response


def install_request_log(app: Flask) -> None:
    """Number and log every request."""
    app.before_request(_start)
    app.after_request(_finish)
    app.jinja_env.globals["request_id"] = request_id
