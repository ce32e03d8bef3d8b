"""Views that other centres use: each request under a signed assertion, each answer signed."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar, cast

import structlog
from flask import Response, g, request
from werkzeug.exceptions import BadRequest, NotFound, Unauthorized

from portal.context import current_cloud, database_session
from portal.decisions import Decision
from portal.identity import source_address
from server import audit
from server.provinces.assertions import (
    Asked,
    Asker,
    AssertionRefusedError,
    sign_answer,
    verify_request,
)
from server.provinces.client import TOKEN_TYPE
from server.provinces.peers import Peers, ProvincesFileError, load_peers
from server.provinces.sealing import MEDIA_TYPE, unseal
from server.provinces.wire import Message, WireError, read_message

View = TypeVar("View", bound=Callable[..., Any])
M = TypeVar("M", bound=Message)

log = structlog.get_logger("portal")

LIMIT = "1200 per minute"
_SCHEME = "Bearer "


def for_centres(view: View) -> View:
    """Only a centre of the file of provinces may use this view, by an assertion that it signed."""
    target = cast(Any, view)
    target.decision = Decision("a centre's signed assertion", _check, data=True)
    target.limit = LIMIT
    return view


def asker() -> Asker:
    """Return which centre asks, in views of `for_centres`."""
    return cast(Asker, g.asker)


def own_name() -> str:
    """Return our own name among the centres."""
    return cast(Peers, g.peers).name


def question(kind: type[M]) -> M:
    """Return the body of the request, decrypted, as a message. Raises BadRequest."""
    body = request.get_data()
    try:
        if request.mimetype == MEDIA_TYPE:
            body = unseal(body, cast(Peers, g.peers).private_key)
        return read_message(kind, json.loads(body))
    except (ValueError, WireError) as error:
        raise BadRequest from error


def signed(content: Message) -> Response:
    """Answer with a message, signed for whoever asked."""
    token = sign_answer(g.peers, asker(), content.model_dump(mode="json"))
    return Response(token, mimetype=TOKEN_TYPE)


def refusal(status: HTTPStatus, reason: str) -> Response:
    """Refuse in one word for machines (RFC 9457); on record, in a transaction of its own."""
    note_refusal(asker().peer.name, reason)
    problem = {"type": f"urn:yingyun:{reason}", "title": status.phrase, "status": status}
    return Response(json.dumps(problem), status, content_type="application/problem+json")


def note_refusal(centre: str, reason: str) -> None:
    """Record that a centre, or somebody who says he is one, was refused."""
    database_session().rollback()
    with current_cloud().database.session() as own:
        audit.record(
            own,
            actor_kind="centre",
            actor=centre,
            event="province.refused",
            object_kind="route",
            object_id=request.url_rule.rule if request.url_rule else "",
            result="failure",
            reason=reason,
            source=source_address(),
        )


def _check(_values: dict[str, Any]) -> None:
    header = request.headers.get("Authorization", "")
    if not header.startswith(_SCHEME):
        raise Unauthorized
    g.peers = _peers()
    try:
        g.asker = verify_request(
            current_cloud().database, g.peers, header.removeprefix(_SCHEME), _asked()
        )
    except AssertionRefusedError as error:
        log.warning("assertion_refused", reason=error.reason, issuer=error.issuer)
        note_refusal(error.issuer, error.reason)
        raise Unauthorized from error


def _peers() -> Peers:
    try:
        peers = load_peers(current_cloud().settings.provinces_file)
    except ProvincesFileError as error:
        log.error("provinces_file_unusable", error=str(error))
        raise NotFound from error
    if peers is None:
        raise NotFound  # there are no other centres to us
    return peers


def _asked() -> Asked:
    query = request.query_string.decode("latin-1")
    path = f"{request.path}?{query}" if query else request.path
    return Asked(request.method, path, request.get_data())
