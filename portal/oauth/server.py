"""Authlib's authorization server, put together: client credentials and revocation."""

from __future__ import annotations

from typing import Any, cast

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc7009 import RevocationEndpoint
from flask import Flask, current_app

from portal.context import database_session
from portal.identity import source_address
from portal.oauth.assertion import CLOCK_SKEW, SignedAssertion
from portal.oauth.client import (
    CLIENT_CREDENTIALS,
    METHODS,
    PRIVATE_KEY_JWT,
    IssuedToken,
    OAuthClient,
    query_client,
    save_token,
)
from server import clients

EXTENSION = "yingyun-oauth"


class ClientCredentials(ClientCredentialsGrant):  # type: ignore[misc]
    """A system asks for itself; there is no other grant."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """Ending a token before its time (RFC 7009)."""

    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken:  # noqa: ARG002
        """Return the token to be ended."""
        return IssuedToken(token_string)

    def revoke_token(self, token: IssuedToken, request: Any) -> None:
        """End it, if it is the client's own."""
        client: OAuthClient = request.client
        clients.revoke(database_session(), client.client_id, token.token, source=source_address())


def make_server(app: Flask) -> AuthorizationServer:
    """Return the authorization server of an application."""
    app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {
        CLIENT_CREDENTIALS: int(clients.TOKEN_LIFETIME.total_seconds())
    }
    server = AuthorizationServer(app, query_client=query_client, save_token=save_token)
    server.register_grant(ClientCredentials)
    server.register_endpoint(Revocation)
    server.register_client_auth_method(PRIVATE_KEY_JWT, SignedAssertion(leeway=CLOCK_SKEW))
    return server


def current_server() -> AuthorizationServer:
    """Return the authorization server of this application."""
    return cast(AuthorizationServer, current_app.extensions[EXTENSION])
