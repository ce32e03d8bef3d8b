"""The way out: the session ends on the server and in the browser."""

from __future__ import annotations

from flask import flash, redirect, request
from werkzeug.wrappers import Response

from portal.auth.pending import forget
from portal.context import current_cloud, database_session
from portal.identity import source_address
from portal.sessions import clear_session, session_token
from server import accounts


def leave(words: str, category: str) -> Response:
    """Sign out, if someone is signed in, and say so on the sign-in page."""
    cloud = current_cloud()
    token = session_token(cloud.settings, request)
    if token:
        accounts.sign_out(database_session(), token, source=source_address())
    forget()
    flash(words, category)
    response = redirect("/login", 303)
    clear_session(response, cloud.settings)
    return response
