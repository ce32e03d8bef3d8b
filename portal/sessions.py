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
DOWNLOAD = "yingyun-download-"
DEVICE = "yingyun-device"
LAUNCH = "yingyun-launch-"
LAUNCHED_FORMS = "yingyun-launch-forms"
# Where a browser refuses cookies in frames, the page holds the token and sends it itself.
LAUNCH_HEADER = "X-Yingyun-Launch"
HOST_PREFIX = "__Host-"
ONE_YEAR = 31_536_000


def cookie_name(settings: Settings, name: str) -> str:
    """Return the name under which a cookie travels with these settings."""
    return f"{HOST_PREFIX}{name}" if settings.secure else name


def session_token(settings: Settings, request: Request) -> str | None:
    """Return the sign-in token that the browser sent."""
    return request.cookies.get(cookie_name(settings, SESSION))


def share_token(settings: Settings, request: Request, share_id: str) -> str | None:
    """Return the visit token that the browser sent for one share."""
    return request.cookies.get(cookie_name(settings, SHARE + share_id))


def launch_token(settings: Settings, request: Request, launch_id: str) -> str | None:
    """Return the token of a launch that the page sent, or else the browser."""
    sent = request.headers.get(LAUNCH_HEADER)
    return sent or request.cookies.get(cookie_name(settings, LAUNCH + launch_id))


def launch_tokens(settings: Settings, request: Request) -> dict[str, str]:
    """Return launch id → token for every launch that the browser holds a cookie of."""
    prefix = cookie_name(settings, LAUNCH)
    forms = cookie_name(settings, LAUNCHED_FORMS)
    return {
        name.removeprefix(prefix): token
        for name, token in request.cookies.items()
        if name.startswith(prefix) and name != forms
    }


def download_token(settings: Settings, request: Request, download_id: str) -> str | None:
    """Return the visit token that the browser sent for one download."""
    return request.cookies.get(cookie_name(settings, DOWNLOAD + download_id))


def set_download_visit(
    response: Response, settings: Settings, download_id: str, token: str
) -> None:
    """Let the browser keep a visit to one download, beside others and beside a sign-in."""
    _set(response, settings, DOWNLOAD + download_id, token)


def set_session(response: Response, settings: Settings, token: str) -> None:
    """Let the browser keep a sign-in until it is closed."""
    _set(response, settings, SESSION, token)


def set_share_visit(response: Response, settings: Settings, share_id: str, token: str) -> None:
    """Let the browser keep a visit to one share, beside others and beside a sign-in."""
    _set(response, settings, SHARE + share_id, token)


def set_launch(response: Response, settings: Settings, launch_id: str, token: str) -> None:
    """Let the browser keep a launch, in the frame of the hospital's page and nowhere else."""
    response.set_cookie(
        cookie_name(settings, LAUNCH + launch_id),
        token,
        path="/",
        secure=settings.secure,
        httponly=True,
        samesite=framed_same_site(settings),
        partitioned=settings.secure,
    )


def framed_same_site(settings: Settings) -> str:
    """Return how cookies behave inside another site's page.

    `None` with `Partitioned` (CHIPS) is kept apart for each hospital's site, and is what browsers
    that refuse third-party cookies still take. Without HTTPS only frames of the same site work.
    """
    return "None" if settings.secure else "Lax"


def clear_launch(response: Response, settings: Settings, launch_id: str) -> None:
    """Make the browser forget a launch."""
    response.delete_cookie(
        cookie_name(settings, LAUNCH + launch_id),
        path="/",
        secure=settings.secure,
        httponly=True,
        samesite=framed_same_site(settings),
        partitioned=settings.secure,
    )


def device_token(settings: Settings, request: Request) -> str | None:
    """Return the token by which this browser was known at its last sign-in."""
    return request.cookies.get(cookie_name(settings, DEVICE))


def set_device(response: Response, settings: Settings, token: str) -> None:
    """Let the browser keep, for a year, by what it will be known; it opens nothing."""
    _set(response, settings, DEVICE, token, max_age=ONE_YEAR)


def clear_session(response: Response, settings: Settings) -> None:
    """Make the browser forget the sign-in."""
    _clear(response, settings, SESSION)


def clear_share_visit(response: Response, settings: Settings, share_id: str) -> None:
    """Make the browser forget the visit to one share."""
    _clear(response, settings, SHARE + share_id)


def _set(
    response: Response, settings: Settings, name: str, token: str, *, max_age: int | None = None
) -> None:
    response.set_cookie(
        cookie_name(settings, name),
        token,
        max_age=max_age,
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
