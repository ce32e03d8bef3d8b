"""The token endpoint and its counterpart; wrong credentials are counted and on record (F-37)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from math import ceil

from flask import Blueprint, Response, request
from werkzeug.exceptions import TooManyRequests

from portal.context import current_cloud, database_session
from portal.decisions import public_data
from portal.identity import source_address
from portal.launch.forms import carries_proof
from portal.limits import limited
from portal.oauth.client import claimed_client
from portal.oauth.server import Revocation, current_server
from server import audit, clock, limits
from server.limits import Limit, TooManyTries

blueprint = Blueprint("oauth", __name__)

PER_ADDRESS = "120 per minute"
WRONG_TRIES = Limit("client credentials", 20, timedelta(minutes=15))
ADDRESS_TRIES = Limit("client credentials address", 60, timedelta(minutes=1))
OK = 200


@blueprint.post("/oauth/token")
@limited(PER_ADDRESS)
@carries_proof
@public_data
def token() -> Response:
    """Give a client an access token of ten minutes (RFC 6749 §4.4)."""
    return _counted(lambda: current_server().create_token_response())


@blueprint.post("/oauth/revoke")
@limited(PER_ADDRESS)
@carries_proof
@public_data
def revoke() -> Response:
    """End an access token (RFC 7009)."""
    return _counted(lambda: current_server().create_endpoint_response(Revocation.ENDPOINT_NAME))


def _counted(answer: Callable[[], Response]) -> Response:
    """Count a try before it is judged, and give it back when it turns out well.

    Wrong tries shut out the client they were made for, at the address they came from: neither the
    other systems behind a hospital's one address, nor the same client elsewhere. Whoever tries
    one client after the other from an address is slowed down.
    """
    cloud, address = current_cloud(), limits.address_key(source_address())
    tried = ((WRONG_TRIES, f"{claimed_client(request)} {address}"), (ADDRESS_TRIES, address))
    try:
        for limit, key in tried:
            with cloud.database.session() as own:
                limits.take(cloud, own, limit, key)
    except TooManyTries as error:
        wait = ceil((error.retry_at - clock.now()).total_seconds())
        raise TooManyRequests(retry_after=max(1, wait)) from error
    response = answer()
    if response.status_code == OK:
        for limit, key in tried:
            limits.give_back(cloud, database_session(), limit, key)
    else:
        _note_refusal(response)
    return response


def _note_refusal(response: Response) -> None:
    said = response.get_json(silent=True)
    database_session().rollback()
    with current_cloud().database.session() as own:
        audit.record(
            own,
            actor_kind="anonymous",
            actor="",
            event="client.token",
            object_kind="route",
            object_id=request.url_rule.rule if request.url_rule else "",
            result="failure",
            reason=str(said.get("error", "")) if isinstance(said, dict) else "",
            source=source_address(),
        )
