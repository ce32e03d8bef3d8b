"""The coarse limit of requests a client (F-37); the fine ones on tries are the services'."""

from __future__ import annotations

import math
import time

from flask import Flask, request
from flask_limiter import Limiter

from portal.context import current_cloud
from portal.identity import source_address
from portal.sessions import session_token

PER_CLIENT = "3000 per minute"
SIGN_IN = "40 per minute"


def _client() -> str:
    """One limit a signed-in browser, so that a hospital behind one address is not one client."""
    token = session_token(current_cloud().settings, request)
    return f"{source_address()} {token[:16]}" if token else source_address()


def _is_file() -> bool:
    return (request.endpoint or "").startswith("files.")


limiter = Limiter(key_func=_client)


def seconds_until_reset() -> int:
    """Return after how many seconds a refused client may try again (RFC 9110 10.2.3)."""
    limit = limiter.current_limit
    return max(1, math.ceil(limit.reset_at - time.time())) if limit else 60


def install_limits(app: Flask) -> None:
    """Count requests in memory, or in Redis where several processes serve."""
    redis_url = app.extensions["yingyun"].settings.redis_url
    app.config.setdefault("RATELIMIT_DEFAULT", PER_CLIENT)
    app.config.setdefault("RATELIMIT_APPLICATION", PER_CLIENT)
    app.config["RATELIMIT_STORAGE_URI"] = redis_url or "memory://"
    app.config["RATELIMIT_SWALLOW_ERRORS"] = False
    limiter.init_app(app)
    limiter.request_filter(_is_file)
