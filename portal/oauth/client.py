"""A client as Authlib asks about it; what it may do is in `server.clients`."""

from __future__ import annotations

import json
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import ClientMixin
from flask import Request
from joserfc import jws
from joserfc.errors import JoseError

from portal.context import current_cloud, database_session
from portal.identity import source_address
from server import clients

CLIENT_CREDENTIALS = "client_credentials"
PRIVATE_KEY_JWT = "private_key_jwt"
LONGEST_ID = 64
METHODS = ("client_secret_basic", "client_secret_post", PRIVATE_KEY_JWT)


@dataclass(frozen=True)
class OAuthClient(ClientMixin):  # type: ignore[misc]
    """A registered client that is not shut."""

    client_id: str
    scopes: frozenset[str]

    def get_client_id(self) -> str:
        """Return the client's identifier."""
        return self.client_id

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether this is one of its live secrets."""
        return clients.secret_fits(database_session(), self.client_id, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002
        """Whether it may prove itself in this way: by whichever credential it has."""
        return method in METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether it may ask in this way: only for itself."""
        return grant_type == CLIENT_CREDENTIALS

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return the scopes asked for, all of its own when none; None where one is not its own."""
        asked = set(scope.split()) if scope else set(self.scopes)
        return " ".join(sorted(asked)) if asked <= self.scopes else None


@dataclass(frozen=True)
class IssuedToken:
    """A token to be revoked, as Authlib asks about it; the service knows whose it is."""

    token: str

    def check_client(self, client: OAuthClient) -> bool:  # noqa: ARG002
        """Whether the client may revoke it: `clients.revoke` leaves those of others as they are."""
        return True


def claimed_client(request: Request) -> str:
    """Return which client a request says it comes from, unproved; "" where it says none."""
    basic = request.authorization
    said = basic.username if basic is not None and basic.type == "basic" else None
    said = said or request.form.get("client_id") or _subject(request.form.get("client_assertion"))
    return (said or "")[:LONGEST_ID]


def _subject(assertion: str | None) -> str:
    """Return of whom an assertion speaks (RFC 7523 3), whoever has signed it."""
    if not assertion:
        return ""
    try:
        claims = json.loads(jws.extract_compact(assertion.encode()).payload)
        return str(claims["sub"])
    except (JoseError, ValueError, KeyError, TypeError):
        return ""


def query_client(client_id: str) -> OAuthClient | None:
    """Return a client by its identifier."""
    if not client_id.isprintable() or len(client_id) > LONGEST_ID:
        return None
    found = clients.find(database_session(), client_id)
    return None if found is None else OAuthClient(found.client_id, frozenset(found.scopes))


def save_token(token: dict[str, str], request: object) -> None:
    """Keep a token that Authlib made."""
    client: OAuthClient = request.client  # type: ignore[attr-defined]
    clients.issue(
        database_session(),
        client.client_id,
        token["access_token"],
        token["scope"].split(),
        source=source_address(),
    )


def token_url() -> str:
    """Return the address of the token endpoint, the audience of assertions."""
    return f"{current_cloud().settings.base_url}/oauth/token"
