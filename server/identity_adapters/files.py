"""Where the adapters are: `YINGYUN_IDENTITY_ADAPTERS_FILE`, read afresh each time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SHORTEST_KEY = 32
RECHECK_DAYS = 30
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


class AdaptersFileError(ValueError):
    """The file of adapters cannot be used; the message names the fault."""


@dataclass(frozen=True)
class Adapter:
    """One service outside: its address, and the key that it shares with us."""

    url: str
    key: bytes


@dataclass(frozen=True)
class PhysicianRegister:
    """The register of physicians, and how long its answer holds."""

    adapter: Adapter
    recheck: timedelta


@dataclass(frozen=True)
class Adapters:
    """Both; None where the region has none."""

    health_code: Adapter | None = None
    physician_register: PhysicianRegister | None = None


def load_adapters(path: Path | None) -> Adapters:
    """Read the file of adapters; no path means none. Raises AdaptersFileError."""
    if path is None:
        return Adapters()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AdaptersFileError(f"{path.name}: {type(error).__name__}") from error
    known = {"health_code", "physician_register"}
    if not isinstance(content, dict) or not known.issuperset(content):
        raise AdaptersFileError(f"{path.name}: one object of {', '.join(sorted(known))}")
    code, register = content.get("health_code"), content.get("physician_register")
    return Adapters(
        health_code=None if code is None else _adapter(path, code, set()),
        physician_register=None if register is None else _register(path, register),
    )


def _register(path: Path, facts: Any) -> PhysicianRegister:
    adapter = _adapter(path, facts, {"recheck_days"})
    days = facts.get("recheck_days", RECHECK_DAYS)
    if not isinstance(days, int) or not 1 <= days <= 366:
        raise AdaptersFileError(f"{path.name}: recheck_days is 1 to 366")
    return PhysicianRegister(adapter, timedelta(days=days))


def _adapter(path: Path, facts: Any, more: set[str]) -> Adapter:
    allowed = {"url", "key_file"} | more
    if not isinstance(facts, dict) or not allowed.issuperset(facts):
        raise AdaptersFileError(f"{path.name}: an adapter has {', '.join(sorted(allowed))}")
    url, file = facts.get("url"), facts.get("key_file")
    parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise AdaptersFileError(f"{path.name}: url must be https://…")
    if not isinstance(file, str):
        raise AdaptersFileError(f"{path.name}: key_file is missing")
    try:
        key = (path.parent / file).read_bytes().strip()
    except OSError as error:
        raise AdaptersFileError(f"{file}: {type(error).__name__}") from error
    if len(key) < SHORTEST_KEY:
        raise AdaptersFileError(f"{file}: a key has {SHORTEST_KEY} characters at least")
    return Adapter(str(url), key)
