"""Where to go on after signing in: only ever to a page of this site."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from flask import request

HOME = "/"
LONGEST = 500


def safe_next(target: str | None, default: str = HOME) -> str:
    """Return the target when it is an address on this site, else the default.

    Browsers read `\\` as `/` and drop control characters, so neither may be in it (WHATWG URL).
    """
    if not target or len(target) > LONGEST or not target.startswith("/"):
        return default
    if target.startswith("//") or "\\" in target or not target.isprintable():
        return default
    parts = urlsplit(target)
    return default if parts.scheme or parts.netloc else target


def with_next(page: str) -> str:
    """Return the address of a page that leads back to the present one afterwards."""
    if request.method != "GET":
        return page
    here = request.full_path.rstrip("?")
    if safe_next(here, "") != here or here == "/":
        return page
    return f"{page}?next={quote(here, safe='/')}"


def login_url() -> str:
    """Return the address of the sign-in page, leading back here afterwards."""
    return with_next("/login")
