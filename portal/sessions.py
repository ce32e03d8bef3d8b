"""Cookies: what they are called, what they hold, how they are protected.

They hold a random token and nothing else; what it stands for is in the database (F-06). Over HTTPS
the names carry the `__Host-` prefix (RFC 6265bis 4.1.3.2), so that no other host can plant them.
"""

from __future__ import annotations

from flask import Request
from werkzeug.wrappers import Response

from server.settings import Settings

SESSION = "yingyun"
FORMS = "yingyun-forms"
SHARE = "yingyun-share-"
HOST_PREFIX = "__Host-"


def cookie_name(settings: Settings, name: str) -> str:
    """Return the name under which a cookie travels with these settings."""
    return f"{HOST_PREFIX}{name}" if settings.secure else name


def session_token(settings: Settings, request: Request) -> str | None:
    """Return the sign-in token that the browser sent."""
    return request.cookies.get(cookie_name(settings, SESSION))


def share_token(settings: Settings, request: Request, share_id: str) -> str | None:
    """Return the visit token that the browser sent for one share."""
    return request.cookies.get(cookie_name(settings, SHARE + share_id))


def set_session(response: Response, settings: Settings, token: str) -> None:
    """Let the browser keep a sign-in until it is closed."""
    _set(response, settings, SESSION, token)


def set_share_visit(response: Response, settings: Settings, share_id: str, token: str) -> None:
    """Let the browser keep a visit to one share, beside others and beside a sign-in."""
    _set(response, settings, SHARE + share_id, token)


def clear_session(response: Response, settings: Settings) -> None:
    """Make the browser forget the sign-in."""
    _clear(response, settings, SESSION)


def clear_share_visit(response: Response, settings: Settings, share_id: str) -> None:
    """Make the browser forget the visit to one share."""
    _clear(response, settings, SHARE + share_id)


def _set(response: Response, settings: Settings, name: str, token: str) -> None:
    response.set_cookie(
        cookie_name(settings, name),
        token,
        path="/",
        secure=settings.secure,
        httponly=True,
        samesite="Lax",
    )


def _clear(response: Response, settings: Settings, name: str) -> None:
    response.delete_cookie(
        cookie_name(settings, name),
        path="/",
        secure=settings.secure,
        httponly=True,
        samesite="Lax",
    )
