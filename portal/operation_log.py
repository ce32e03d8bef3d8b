"""The operation log is whole: a change that no service has put on record is recorded here (D-19).

Services record what they do in their own words, within their transaction. Whatever is left (a
habit stored, a form refused, an address tried that one may not use) is one entry "operation" of
the route, who asked, from where, and how it ended. Strangers are left out: their tries are counted
and recorded by the services, and a flood must not fill the log.
"""

from __future__ import annotations

from flask import Flask, Response, g, request

from portal.auditing import acting
from portal.context import FIRST_ERROR_STATUS, current_cloud
from portal.identity import source_address
from server import audit

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
TOO_MANY_REQUESTS = 429


def _begin() -> None:
    g.entries = audit.listen()


def _finish(response: Response) -> Response:
    """Record the request unless an entry of it is in the database already."""
    entries: audit.Committed | None = g.pop("entries", None)
    if entries is None or request.url_rule is None or request.method not in CHANGING:
        return response
    refused = response.status_code >= FIRST_ERROR_STATUS
    kind, actor = acting()
    if entries.count or kind == "anonymous" or response.status_code == TOO_MANY_REQUESTS:
        return response
    with current_cloud().database.session() as own:
        audit.record(
            own,
            actor_kind=kind,
            actor=actor,
            event="operation",
            object_kind="route",
            object_id=request.url_rule.rule,
            result="failure" if refused else "success",
            reason=str(response.status_code) if refused else "",
            source=source_address(),
            detail={"method": request.method},
        )
    return response


def install_operation_log(app: Flask) -> None:
    """Record each change; install before the transactions, so that this runs once they ended."""
    app.before_request(_begin)
    app.after_request(_finish)
