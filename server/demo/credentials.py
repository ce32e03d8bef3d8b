"""The demo's passwords: random, made at the first run, kept in one file that only its owner reads.

Only the hash of a password is in the database, so a later run reads the file back.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

FILE_NAME = "demo-accounts.json"
_LETTERS = "abcdefghjkmnpqrstuvwxyz"
_CAPITALS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_DIGITS = "23456789"


@dataclass(frozen=True)
class Credential:
    """What one demo account signs in with."""

    role: str
    login: str
    password: str
    totp_secret: str


def new_password() -> str:
    """Return a random password of 16 characters (about 75 bits) without look-alikes."""
    alphabets = (_LETTERS, _CAPITALS, _DIGITS)
    groups = [
        "".join(secrets.choice(alphabets[(place + turn) % 3]) for place in range(4))
        for turn in range(4)
    ]
    return "-".join(groups)


def read(folder: Path) -> dict[str, Credential]:
    """Return the credentials by login; empty when there is no file."""
    path = folder / FILE_NAME
    if not path.exists():
        return {}
    return {row["login"]: Credential(**row) for row in json.loads(path.read_text())}


def write(folder: Path, credentials: dict[str, Credential]) -> None:
    """Replace the file at once, readable for its owner alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / FILE_NAME
    temporary = path.with_name(f"{FILE_NAME}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump([asdict(one) for one in credentials.values()], file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
