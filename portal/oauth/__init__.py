"""The OAuth 2.0 authorization server for systems of institutions (RFC 6749, RFC 7009, RFC 7523)."""

from __future__ import annotations

from flask import Flask

from portal.oauth.server import EXTENSION, make_server
from portal.oauth.views import blueprint


def install_oauth(app: Flask) -> None:
    """Serve the token endpoint."""
    app.extensions[EXTENSION] = make_server(app)
    app.register_blueprint(blueprint)
