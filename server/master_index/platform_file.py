"""Where the platform is, how we prove ourselves: `YINGYUN_HEALTH_PLATFORM_FILE`, read afresh."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_KNOWN = {"url", "oauth2", "mutual_tls", "authorities_file"}
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


class PlatformFileError(ValueError):
    """The file cannot be used; the message names the fault."""


@dataclass(frozen=True)
class OAuth2:
    """Client credentials (RFC 6749 §4.4)."""

    token_url: str
    client_id: str
    client_secret: str
    scope: str


@dataclass(frozen=True)
class Platform:
    """The regional health platform. `certificate` is ours for mutual TLS: file and key file;
    `authorities` are those that its own is checked with, the system's where None."""

    url: str
    oauth2: OAuth2 | None = None
    certificate: tuple[str, str] | None = None
    authorities: str | None = None


def load_platform(path: Path | None) -> Platform | None:
    """Read the file; None where no platform is configured. Raises PlatformFileError."""
    if path is None:
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PlatformFileError(f"{path.name}: {type(error).__name__}") from error
    if not isinstance(content, dict) or not _KNOWN.issuperset(content):
        raise PlatformFileError(f"{path.name}: one object of {', '.join(sorted(_KNOWN))}")
    oauth2, mutual = content.get("oauth2"), content.get("mutual_tls")
    if oauth2 is None and mutual is None:
        raise PlatformFileError(f"{path.name}: oauth2 or mutual_tls is needed")
    authorities = content.get("authorities_file")
    return Platform(
        url=_address(path, content.get("url"), "url"),
        oauth2=None if oauth2 is None else _oauth2(path, oauth2),
        certificate=None if mutual is None else _certificate(path, mutual),
        authorities=None
        if authorities is None
        else _file(path, _word(path, content, "authorities_file")),
    )


def _oauth2(path: Path, facts: Any) -> OAuth2:
    secret = Path(_file(path, _word(path, facts, "client_secret_file")))
    return OAuth2(
        token_url=_address(path, _word(path, facts, "token_url"), "token_url"),
        client_id=_word(path, facts, "client_id"),
        client_secret=secret.read_text(encoding="utf-8").strip(),
        scope=_word(path, facts, "scope", needed=False),
    )


def _certificate(path: Path, facts: Any) -> tuple[str, str]:
    certificate, key = (_word(path, facts, name) for name in ("certificate_file", "key_file"))
    return _file(path, certificate), _file(path, key)


def _word(path: Path, facts: Any, name: str, *, needed: bool = True) -> str:
    value = facts.get(name, "") if isinstance(facts, dict) else None
    if not isinstance(value, str) or (needed and not value):
        raise PlatformFileError(f"{path.name}: {name} is missing")
    return value


def _file(path: Path, name: str) -> str:
    found = path.parent / name
    if not found.is_file():
        raise PlatformFileError(f"{path.name}: there is no file {name}")
    return str(found)


def _address(path: Path, url: Any, name: str) -> str:
    parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise PlatformFileError(f"{path.name}: {name} must be https://…")
    return str(url)
