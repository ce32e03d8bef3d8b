"""Who calls the API: a client with a live token of the scope that the address asks for (F-36)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar, cast

from flask import Flask, current_app, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, TooManyRequests, Unauthorized

from portal.auditing import note_denial
from portal.context import database_session
from portal.decisions import Decision
from portal.identity import source_address
from portal.launch.forms import carries_proof
from portal.limits import limited
from server import clients
from server.clients import CallingClient, Scope

View = TypeVar("View", bound=Callable[..., Any])

EXTENSION = "yingyun-callers"
PER_CALLER = "600 per minute"
AT_ONCE = 8  # requests of one client that one process answers at the same time
SECONDS_TO_WAIT = 1
_SCHEME = "Bearer "


class Running:
    """How many requests of each client are being answered; safe across threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def enter(self, client_id: str) -> bool:
        """Count a request in; False, and not counted, where there are too many already."""
        with self._lock:
            if self._counts[client_id] >= self._most:
                return False
            self._counts[client_id] += 1
            return True

    def leave(self, client_id: str) -> None:
        """Count a request out."""
        with self._lock:
            self._counts[client_id] -= 1
            if self._counts[client_id] <= 0:
                del self._counts[client_id]


def client_may(scope: Scope) -> Callable[[View], View]:
    """Only a client whose live token has the scope may use this view (RFC 6750)."""

    def carry(view: View) -> View:
        cast(Any, view).decision = Decision(
            f"a client with scope {scope}", lambda _values: require_scope(scope), data=True
        )
        return limited(PER_CALLER, by=token_key)(carries_proof(view))

    return carry


def current_caller() -> CallingClient:
    """Return which client asks, in views of `client_may`."""
    return cast(CallingClient, g.caller)


def install_callers(app: Flask) -> None:
    """Count the requests of each client."""
    app.extensions[EXTENSION] = Running(app.config.get("YINGYUN_AT_ONCE", AT_ONCE))
    app.teardown_request(_leave)


def require_scope(scope: Scope) -> None:
    """Let a client with a live token of the scope pass, and count its request in.

    Raises Unauthorized, Forbidden, TooManyRequests.
    """
    caller = clients.caller(database_session(), bearer_token())
    if caller is None:
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer", {"realm": "yingyun"}))
    g.client_id = caller.client_id
    if scope not in caller.scopes:
        note_denial("scope")
        raise Forbidden
    running: Running = current_app.extensions[EXTENSION]
    if not running.enter(caller.client_id):
        raise TooManyRequests(retry_after=SECONDS_TO_WAIT)
    g.caller = caller


def _leave(_error: BaseException | None) -> None:
    caller: CallingClient | None = g.pop("caller", None)
    if caller is not None:
        running: Running = current_app.extensions[EXTENSION]
        running.leave(caller.client_id)


def bearer_token() -> str:
    """Return the token of the request's header (RFC 6750 2.1), "" without one."""
    said = request.headers.get("Authorization", "")
    return said.removeprefix(_SCHEME).strip() if said.startswith(_SCHEME) else ""


def token_key() -> str:
    """Return what requests are counted by: one limit a token; without one, the address's."""
    token = bearer_token()
    return hashlib.sha256(token.encode()).hexdigest() if token else source_address()
