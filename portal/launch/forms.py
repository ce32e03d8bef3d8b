"""Forms inside a frame: their cookie is partitioned, and where there are no cookies the launch's
token in the header stands for the form's token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, current_app, g, has_request_context, request
from flask.sessions import SecureCookieSessionInterface
from flask_wtf import CSRFProtect

from portal.identity import current_identity
from portal.sessions import LAUNCH_HEADER, LAUNCHED_FORMS, cookie_name, framed_same_site

LAUNCHED = "/launched/"
View = TypeVar("View", bound=Callable[..., Any])


class FramedSessions(SecureCookieSessionInterface):
    """Flask's sessions, with a cookie of its own for the pages in a frame."""

    def get_cookie_name(self, app: Flask) -> str:
        """Return the cookie's name: frames have another one than pages."""
        if _in_frame():
            return cookie_name(app.extensions["yingyun"].settings, LAUNCHED_FORMS)
        return super().get_cookie_name(app)

    def get_cookie_samesite(self, app: Flask) -> str | None:
        """Return `None` in frames of other sites, where Lax cookies are not sent."""
        if _in_frame():
            return framed_same_site(app.extensions["yingyun"].settings)
        return super().get_cookie_samesite(app)

    def get_cookie_partitioned(self, app: Flask) -> bool:
        """Whether the cookie is kept apart for each site around the frame (CHIPS)."""
        if _in_frame():
            return bool(app.extensions["yingyun"].settings.secure)
        return super().get_cookie_partitioned(app)


class FormProtection(CSRFProtect):  # type: ignore[misc]
    """Flask-WTF's protection, but for requests that no browser makes by itself.

    A token in a header of ours, or a credential in the body, is sent by our own page or by a
    program: another site's form cannot, and a script there would need our leave (CORS), which
    nobody has.
    """

    def protect(self, *args: Any, **named: Any) -> Any:
        """Check the form's token. Raises CSRFError."""
        view = current_app.view_functions.get(request.endpoint or "")
        if getattr(view, "carries_proof", False):
            return None
        if request.method not in current_app.config["WTF_CSRF_METHODS"]:
            return None  # files above all: to ask who reads would vary them by cookie
        identity = current_identity()
        launched = identity is not None and identity.launch_id is not None
        if launched and LAUNCH_HEADER in request.headers:
            g.csrf_valid = True  # for the forms of Flask-WTF, which ask again
            return None
        return super().protect(*args, **named)


def carries_proof(view: View) -> View:
    """Mark a view whose requests carry their own proof, which no browser adds by itself."""
    cast(Any, view).carries_proof = True
    return view


def _in_frame() -> bool:
    return has_request_context() and request.path.startswith(LAUNCHED)
