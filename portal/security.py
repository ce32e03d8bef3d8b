"""What every answer says to the browser about security, and where a change may come from.

Content Security Policy level 3 with a nonce; no script from elsewhere, no evaluation. Pages that
run Python, and the scripts of its worker, may compile WebAssembly and nothing more.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from itertools import chain
from typing import Any, TypeVar, cast
from urllib.parse import quote, urlsplit

from flask import Flask, Request, Response, current_app, g, redirect, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as BaseResponse

from portal.context import current_cloud
from portal.launch.framing import frame_ancestors

View = TypeVar("View", bound=Callable[..., Any])

INSIDE = frozenset({"health", "metrics"})
FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
PERMISSIONS = (
    "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=(), fullscreen=(self), "
    "clipboard-write=(self)"
)
ONE_YEAR = 31_536_000


class CrossSiteRequestError(BadRequest):
    """A change was asked for from another site."""


def runs_python(view: View) -> View:
    """Mark a view whose answer may compile WebAssembly (viewer pages, worker scripts)."""
    cast(Any, view).runs_python = True
    return view


def csp_nonce() -> str:
    """Return the nonce of this answer, for `<script nonce>` in templates."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return cast(str, g.csp_nonce)


def content_security_policy(
    *, wasm: bool, nonce: str | None, frame_ancestors: Collection[str] = ()
) -> str:
    """Compose the policy of one answer (CSP level 3); `frame_ancestors` are origins."""
    scripts = ["'self'"]
    if nonce:
        scripts.append(f"'nonce-{nonce}'")
    if wasm:
        scripts.append("'wasm-unsafe-eval'")
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(scripts)}",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "worker-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            " ".join(["frame-ancestors", *(frame_ancestors or ["'none'"])]),
        ]
    )


def _comes_from_here(incoming: Request) -> bool:
    """Whether a change was asked for by our own page.

    `Sec-Fetch-Site` is what browsers say since 2020 (2023 in Safari). `Origin` is "null" on forms
    of pages that send no referrer, as ours, so it is only believed when it names an origin.
    """
    site = incoming.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = incoming.headers.get("Origin")
    if origin in {None, "null"}:
        return True  # the CSRF token decides
    own = {incoming.host, urlsplit(current_cloud().settings.base_url).netloc}
    try:
        return urlsplit(origin).netloc in own
    except ValueError:
        return False


def _refuse_foreign_changes() -> None:
    if request.method in UNSAFE_METHODS and not _comes_from_here(request):
        raise CrossSiteRequestError


def _ask_for_https() -> BaseResponse | None:
    """Send whoever comes over plain HTTP to the HTTPS address (F-15).

    Only where a trusted proxy tells how people come, and never what machines inside ask: load
    balancers, monitoring.
    """
    settings = current_cloud().settings
    told = settings.secure and settings.trusted_proxies > 0
    if not told or request.is_secure or request.blueprint in INSIDE:
        return None
    if request.method in UNSAFE_METHODS:
        raise BadRequest
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    return redirect(f"{settings.base_url}{quote(request.path)}{query}", 308)


def _refuse_nul() -> None:
    """Refuse text that no form of ours can send and that PostgreSQL cannot even look for."""
    sent = [str(value) for value in (request.view_args or {}).values()]
    # Bodies that are no form are their views' to read, each within its own limit.
    forms = [request.args, request.form] if request.mimetype in FORM_TYPES else [request.args]
    for _name, values in chain.from_iterable(form.lists() for form in forms):
        sent += values
    if any("\0" in value for value in sent):
        raise BadRequest


def _add_headers(response: Response) -> Response:
    view = current_app.view_functions.get(request.endpoint or "")
    wasm = bool(getattr(view, "runs_python", False))
    headers = response.headers
    headers.setdefault(
        "Content-Security-Policy",
        content_security_policy(
            wasm=wasm, nonce=g.get("csp_nonce"), frame_ancestors=frame_ancestors()
        ),
    )
    headers.setdefault("Cache-Control", "private, no-store")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Permissions-Policy"] = PERMISSIONS
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["X-Robots-Tag"] = "noindex, nofollow"
    if current_cloud().settings.secure:
        headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR}"
    return response


def install_security(app: Flask) -> None:
    """Check where changes come from and put the headers on every answer."""
    app.before_request(_ask_for_https)
    app.before_request(_refuse_foreign_changes)
    app.before_request(_refuse_nul)
    app.after_request(_add_headers)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
