"""The coarse limit of requests a client (F-37); the fine ones on tries are the services'."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, current_app, request
from flask_limiter import ApplicationLimit, Limiter

from portal.context import current_cloud
from portal.identity import source_address
from portal.sessions import session_token

View = TypeVar("View", bound=Callable[..., Any])

EXTENSION = "yingyun-limiter"
PER_CLIENT = "3000 per minute"
PER_ADDRESS = "12000 per minute"
SIGN_IN = "40 per minute"
A_WHILE = 60


def limited(limit: str, *, by: Callable[[], str] | None = None) -> Callable[[View], View]:
    """Give a view its own limit, for example "40 per minute", for each address or each `by`."""

    def carry(view: View) -> View:
        cast(Any, view).limit = limit
        cast(Any, view).limit_key = by
        return view

    return carry


def seconds_until_reset() -> int:
    """Return after how many seconds a refused client may try again (RFC 9110 10.2.3)."""
    limiter: Limiter = current_app.extensions[EXTENSION]
    limit = limiter.current_limit
    return max(1, math.ceil(limit.reset_at - time.time())) if limit else A_WHILE


def _client() -> str:
    """One limit a signed-in browser, so that a hospital behind one address is not one client.

    Whoever sends invented tokens meets the limit of his address.
    """
    token = session_token(current_cloud().settings, request)
    return f"{source_address()} {token[:16]}" if token else source_address()


def _is_file() -> bool:
    return (request.endpoint or "").startswith("files.")


def install_limits(app: Flask) -> None:
    """Count requests in memory, or in Redis where several processes serve."""
    redis_url = app.extensions["yingyun"].settings.redis_url
    app.config["RATELIMIT_STORAGE_URI"] = redis_url or "memory://"
    per_client = app.config.get("YINGYUN_PER_CLIENT", PER_CLIENT)
    per_address = app.config.get("YINGYUN_PER_ADDRESS", PER_ADDRESS)
    limits = [
        ApplicationLimit(per_client, key_function=_client, scope="client"),
        ApplicationLimit(per_address, key_function=source_address, scope="address"),
    ]
    limiter = Limiter(key_func=source_address, application_limits=[*limits], app=app)
    limiter.request_filter(_is_file)
    app.extensions[EXTENSION] = limiter


def apply_view_limits(app: Flask) -> None:
    """Put the limits of single views in force, once all views are registered."""
    limiter: Limiter = app.extensions[EXTENSION]
    views = cast(dict[str, Any], app.view_functions)
    for endpoint, view in list(views.items()):
        limit = getattr(view, "limit", None)
        if limit is not None:
            views[endpoint] = limiter.limit(limit, key_func=getattr(view, "limit_key", None))(view)
