"""The master key, and what is derived from it (F-32).

One 256-bit master key, generated on first run into a file that only its owner may read. Data keys
are wrapped by it (NIST SP 800-38D); field keys, look-up keys and session secrets are derived from
it with HKDF (RFC 5869), one purpose a key, so that no key serves two uses.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.files import sync_folder

KEY_BYTES = 32
NONCE_BYTES = 12


class KeyFileError(RuntimeError):
    """The master key file cannot be used; the message says what to do."""


class SealBrokenError(ValueError):
    """Sealed bytes were altered, or belong to another key or context."""


def _read_key_file(path: Path) -> bytes:
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise KeyFileError(f"{path} is readable by others (mode {mode:o}); run: chmod 600 {path}")
    key = bytes.fromhex(path.read_text().strip())
    if len(key) != KEY_BYTES:
        raise KeyFileError(f"{path} does not hold a key of {KEY_BYTES} bytes")
    return key


def _create_key_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)  # never replaces a key that another process made first
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    sync_folder(path.parent)


class MasterKey:
    """Wraps data keys, seals fields, and derives secrets."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise KeyFileError(f"a master key has {KEY_BYTES} bytes")
        self._key = key
        self.key_id = hashlib.sha256(b"yingyun master key id" + key).hexdigest()[:16]

    @classmethod
    def from_file(cls, path: Path) -> MasterKey:
        """Read the key file; create it with a fresh key when there is none.

        Raises KeyFileError when others may read the file or it holds no key.
        """
        if not path.exists():
            _create_key_file(path)
        try:
            return cls(_read_key_file(path))
        except ValueError as error:
            raise KeyFileError(f"{path} does not hold a key in hexadecimal") from error

    def secret(self, purpose: str) -> bytes:
        """Return the 32-byte secret of one purpose, always the same for this master key."""
        return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(self._key)

    def wrap(self, data_key: bytes, context: str) -> bytes:
        """Encrypt a data key; `context` (for example the key's id) is bound to the result."""
        return _encrypt(self.secret("wrap data keys"), data_key, context)

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """Decrypt what `wrap` made. Raises SealBrokenError."""
        return _decrypt(self.secret("wrap data keys"), wrapped, context)

    def seal(self, text: str, context: str) -> bytes:
        """Encrypt a field of personal information; `context` names table and column."""
        return _encrypt(self.secret("seal fields"), text.encode(), context)

    def open(self, sealed: bytes, context: str) -> str:
        """Decrypt what `seal` made. Raises SealBrokenError."""
        return _decrypt(self.secret("seal fields"), sealed, context).decode()

    def keyed_hash(self, value: str, context: str) -> str:
        """Return a keyed hash (hex) by which a sealed value can be looked up."""
        key = self.secret(f"look up {context}")
        return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def _encrypt(key: bytes, plain: bytes, context: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def _decrypt(key: bytes, sealed: bytes, context: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError("the sealed bytes were altered or belong elsewhere") from error
