"""The origins whose pages may hold ours in a frame (RFC 6454; CSP `frame-ancestors`)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_DEFAULT_PORTS = {"https": 443, "http": 80}
LONGEST = 200


class OriginError(ValueError):
    """This is no origin of a web page."""


def normalize_origin(text: str) -> str:
    """Return an origin as browsers write it: scheme, host, and a port that is not the scheme's.

    Raises OriginError for an address with a path, a wildcard, or another scheme than http(s).
    """
    try:
        parts = urlsplit(text.strip().lower())
        port = parts.port
    except ValueError as error:
        raise OriginError(f"{text!r} is no origin") from error
    host = parts.netloc.rpartition("@")[2] if "@" not in parts.netloc else ""
    name = host.removesuffix(f":{port}") if port is not None else host
    rest = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in _DEFAULT_PORTS or rest or not _HOST.fullmatch(name):
        raise OriginError(f"{text!r} is no origin such as https://his.example.org")
    shown = "" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{port}"
    origin = f"{parts.scheme}://{name}{shown}"
    if len(origin) > LONGEST:
        raise OriginError("the origin is too long")
    return origin
