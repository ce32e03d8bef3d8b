"""Who we are to other centres, and whom we know: the file of provinces (YINGYUN_PROVINCES_FILE)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

_NAME = re.compile(r"[a-z][a-z0-9-]{0,59}")
_LOCAL_HOSTS = {"127.0.0.1", "::1", "localhost"}
CURVE = "P-256"


class ProvincesFileError(ValueError):
    """The file of provinces cannot be used; the message names the fault."""


@dataclass(frozen=True)
class Peer:
    """Another centre, or the index module: its address, and the key its signatures are checked by.

    `ca_file` names who may have signed its TLS certificate; None means the system's authorities.
    """

    name: str
    url: str
    public_key: ECKey
    province_code: str = ""
    province_name: str = ""
    ca_file: Path | None = None
    # Whether questions go to it encrypted for its key; "sealed": false for one that cannot.
    sealed: bool = True


@dataclass(frozen=True)
class Peers:
    """What the file says: our own name and key, the index module, the centres by name."""

    name: str
    private_key: ECKey
    index: Peer | None
    centres: dict[str, Peer]

    def known(self, name: str) -> Peer | None:
        """Return the centre or index module of a name."""
        if self.index is not None and name == self.index.name:
            return self.index
        return self.centres.get(name)


def load_peers(path: Path | None) -> Peers | None:
    """Read the file of provinces; None where there is no file.

    Raises ProvincesFileError for a file or key that is missing, malformed or named twice.
    """
    if path is None:
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return _peers(path, content)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, JoseError) as error:
        raise ProvincesFileError(f"{path}: {error}") from error


def new_key_pair() -> tuple[bytes, bytes]:
    """Return a fresh private key and its public key, both PEM (ES256, RFC 7518 3.4)."""
    key = ECKey.generate_key(CURVE)
    return key.as_pem(private=True), key.as_pem(private=False)


def _peers(path: Path, content: dict[str, Any]) -> Peers:
    index = _peer(path, content["index"]) if content.get("index") else None
    listed = [_peer(path, row) for row in content.get("centres", [])]
    names = [content["name"], *(one.name for one in listed), *([index.name] if index else [])]
    if len(set(names)) != len(names):
        raise ValueError("one name stands twice")
    return Peers(
        name=_checked_name(content["name"]),
        private_key=_private_key(path.parent / content["private_key_file"]),
        index=index,
        centres={one.name: one for one in listed},
    )


def _peer(path: Path, row: dict[str, Any]) -> Peer:
    facts = dict(row)
    key = ECKey.import_key((path.parent / facts.pop("public_key_file")).read_bytes())
    if facts.get("ca_file") is not None:
        facts["ca_file"] = path.parent / facts["ca_file"]
    peer = Peer(public_key=_on_curve(key), **facts)
    _checked_name(peer.name)
    address = urlsplit(peer.url)
    local = address.scheme == "http" and address.hostname in _LOCAL_HOSTS
    if address.scheme != "https" and not local:
        raise ValueError(f"{peer.name}: the address must begin with https://")
    return peer


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"a name has small letters, digits and -, not {name!r}")
    return name


def _private_key(file: Path) -> ECKey:
    mode = file.stat().st_mode & 0o777
    if mode & 0o077:
        raise ValueError(f"{file} is readable by others (mode {mode:o}); run: chmod 600 {file}")
    key = _on_curve(ECKey.import_key(file.read_bytes()))
    if not key.is_private:
        raise ValueError(f"{file} holds no private key")
    return key


def _on_curve(key: ECKey) -> ECKey:
    if key.curve_name != CURVE:
        raise ValueError(f"keys are on the curve {CURVE}")
    return key
