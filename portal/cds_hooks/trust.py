"""Who calls a CDS service: a client that signed for just this call, by its registered key.

CDS Hooks 2.0, “Trusting CDS Clients”: a JWT as bearer token, `iss` the client, `aud` the service's
address, five minutes at most, used once. An access token of the scope serves as well, as
everywhere else.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from flask import g, request
from joserfc import jws, jwt
from joserfc.errors import JoseError
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from portal.api.callers import bearer_token, require_scope
from portal.auditing import note_denial
from portal.context import current_cloud, database_session
from portal.oauth.assertion import ALGORITHMS, CLOCK_SKEW, LONGEST_JTI, LONGEST_LIFE, live_keys
from portal.oauth.client import LONGEST_ID
from server import clients, clock
from server.clients import CallingClient, Scope


def require_cds_client(scope: Scope) -> None:
    """Let a client pass that signed for this address, or holds a token of the scope.

    Raises Unauthorized, Forbidden, TooManyRequests.
    """
    token = bearer_token()
    if token.count(".") != 2:
        require_scope(scope)
        return
    claims = _claims(token)
    client = None if claims is None else clients.find(database_session(), claims["iss"])
    if claims is None or client is None or not _used_up(claims):
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer", {"realm": "yingyun"}))
    g.client_id = client.client_id
    if scope not in client.scopes:
        note_denial("scope")
        raise Forbidden
    g.caller = CallingClient(
        client.client_id,
        client.institution_id,
        frozenset(client.origins),
        frozenset(Scope(one) for one in client.scopes),
    )


def _claims(token: str) -> dict[str, Any] | None:
    """Return what a token says that a live key of its own issuer has signed; else None."""
    try:
        said = json.loads(jws.extract_compact(token.encode()).payload)
        issuer = str(said["iss"])
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    if not issuer.isprintable() or len(issuer) > LONGEST_ID:
        return None
    for key in live_keys(issuer).keys:
        try:
            claims = dict(jwt.decode(token, key, algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError):
            continue
        return claims if _holds(claims) else None
    return None


def _holds(claims: dict[str, Any]) -> bool:
    """Whether a token is meant for this address, and for now."""
    now = clock.now().timestamp()
    audience, ends, jti = claims.get("aud"), claims.get("exp"), claims.get("jti")
    here = f"{current_cloud().settings.base_url}{request.path}"
    meant = here in audience if isinstance(audience, list) else audience == here
    timely = isinstance(ends, int) and now - CLOCK_SKEW < ends <= now + LONGEST_LIFE + CLOCK_SKEW
    return meant and timely and isinstance(jti, str) and 0 < len(jti) <= LONGEST_JTI


def _used_up(claims: dict[str, Any]) -> bool:
    """Use a token up; False where it has served before."""
    until = datetime.fromtimestamp(claims["exp"] + CLOCK_SKEW, UTC)
    try:
        with current_cloud().database.session() as own:
            clients.use_assertion(own, claims["iss"], claims["jti"], until)
    except clients.AssertionUsedError:
        return False
    return True
