"""Who we are to passkeys, and where browsers permit any (W3C Web Authentication 5.1.2)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from server.settings import Settings

_LOOPBACK = "localhost"


@dataclass(frozen=True)
class RelyingParty:
    """Who we are to passkeys: a host name, and the one origin they may be used at."""

    rp_id: str
    origin: str


def relying_party(settings: Settings) -> RelyingParty | None:
    """Return who we are to passkeys; None where browsers permit none.

    They need a host name and HTTPS, or localhost. A product at 127.0.0.1 therefore offers them at
    `http://localhost` with the same port, which is the same machine.
    """
    parts = urlsplit(settings.base_url)
    host = parts.hostname or ""
    if _is_address(host):
        if not ipaddress.ip_address(host).is_loopback:
            return None
        port = f":{parts.port}" if parts.port else ""
        return RelyingParty(_LOOPBACK, f"{parts.scheme}://{_LOOPBACK}{port}")
    if parts.scheme != "https" and host != _LOOPBACK:
        return None
    return RelyingParty(host, f"{parts.scheme}://{parts.netloc}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
