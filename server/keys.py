"""The master key, and what is derived from it (F-32).

A file that only its owner may read holds 256-bit keys in hexadecimal, one a line. The first is the
root, generated on first run: field keys, look-up keys and session secrets are derived from it with
HKDF (RFC 5869), one purpose a key, so that no key serves two uses. Data keys are wrapped (NIST SP
800-38D) by the last line, the newest wrapping key; rotation appends a line and wraps the data keys
anew (server.archive.rotation). Lines between serve what is still wrapped by them.

Once the root was rotated the first line is the word `wrapped`: what everything is derived from lies
in the database then, wrapped as a data key is, and all lines below are wrapping keys.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.files import sync_folder

KEY_BYTES = 32
NONCE_BYTES = 12


ROOTLESS = "wrapped"
ROOT_KEY = "root"  # the id of the data key that the rotated root is
ROOT_CONTEXT = f"data key {ROOT_KEY}"


class KeyFileError(RuntimeError):
    """The master key file cannot be used; the message says what to do."""


class SealBrokenError(ValueError):
    """Sealed bytes were altered, or belong to another key or context."""


@dataclass(frozen=True)
class _KeyFile:
    """What a key file holds: with `rootless` none of its keys is the root."""

    keys: tuple[bytes, ...]
    rootless: bool = False


def _read_key_file(path: Path) -> _KeyFile:
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise KeyFileError(f"{path} is readable by others (mode {mode:o}); run: chmod 600 {path}")
    lines = path.read_text().split()
    rootless = lines[:1] == [ROOTLESS]
    keys = tuple(bytes.fromhex(line) for line in lines[rootless:])
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise KeyFileError(f"{path} does not hold keys of {KEY_BYTES} bytes")
    return _KeyFile(keys, rootless)


def _write_key_file(path: Path, file: _KeyFile) -> None:
    """Replace a key file, whole or not at all."""
    temporary = _new_file(path, file)
    temporary.replace(path)
    sync_folder(path.parent)


def _new_file(path: Path, content: _KeyFile) -> Path:
    """Write a durable file beside the key file; return where."""
    lines = [*([ROOTLESS] if content.rootless else []), *(key.hex() for key in content.keys)]
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines))
        file.flush()
        os.fsync(file.fileno())
    return temporary


def _create_key_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = _new_file(path, _KeyFile((secrets.token_bytes(KEY_BYTES),)))
    try:
        os.link(temporary, path)  # never replaces a key that another process made first
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    sync_folder(path.parent)


class MasterKey:
    """Wraps data keys, seals fields, and derives secrets."""

    def __init__(
        self, key: bytes, *newer: bytes, path: Path | None = None, rootless: bool = False
    ) -> None:
        """Take the root key, and the wrapping keys that followed, the newest last.

        With `rootless` all are wrapping keys; `attach_root` says where the root is.
        """
        if any(len(one) != KEY_BYTES for one in (key, *newer)):
            raise KeyFileError(f"a master key has {KEY_BYTES} bytes")
        self._root = None if rootless else key
        self._rootless = rootless
        self._wrapped_root: Callable[[], bytes | None] = lambda: None
        self._wrapping = (key, *newer)
        self._path = path
        self._version = None if path is None else _version(path)

    @classmethod
    def from_file(cls, path: Path) -> MasterKey:
        """Read the key file; create it with a fresh key when there is none.

        Raises KeyFileError when others may read the file or it holds no key.
        """
        if not path.exists():
            _create_key_file(path)
        try:
            file = _read_key_file(path)
            return cls(*file.keys, path=path, rootless=file.rootless)
        except ValueError as error:
            raise KeyFileError(f"{path} does not hold a key in hexadecimal") from error

    def attach_root(self, wrapped_root: Callable[[], bytes | None]) -> None:
        """Say where the wrapped root lies, should it be in the file no more."""
        self._wrapped_root = wrapped_root

    def root(self) -> bytes:
        """Return what everything is derived from. Raises KeyFileError where it cannot be had."""
        if self._root is None:
            wrapped = self._wrapped_root()
            if wrapped is None:
                raise KeyFileError(
                    "密钥文件中已无根密钥，数据库中也没有：二者不配套，请恢复同一时期的密钥文件与"
                    "数据库 / neither file nor database holds the root: they do not belong together"
                )
            self._root = self.unwrap(wrapped, ROOT_CONTEXT)
        return self._root

    def take_root_out(self) -> None:
        """Leave the root in the file as a wrapping key alone, until it is retired. Durable.

        Raises KeyFileError for a master key that is in no file.
        """
        root, keys = self.root(), self._reread()
        self._rootless = True
        self._save(keys)
        self._root = root

    @property
    def key_id(self) -> str:
        """The name of the newest wrapping key."""
        return _key_id(self._wrapping[-1])

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The names of all wrapping keys, the newest last."""
        return tuple(_key_id(key) for key in self._wrapping)

    def add_wrapping_key(self) -> str:
        """Append a fresh wrapping key to the file; return its name. Durable when it returns.

        Raises KeyFileError for a master key that is in no file.
        """
        self._save((*self._reread(), secrets.token_bytes(KEY_BYTES)))
        return self.key_id

    def drop_wrapping_keys(self, still_used: frozenset[str]) -> tuple[str, ...]:
        """Take out of the file what no data key is wrapped by any more; return their names.

        Root and newest key stay, a root that was rotated does not. Raises KeyFileError for a master
        key that is in no file.
        """
        keys = self._reread()
        root, newer = ((), keys) if self._rootless else (keys[:1], keys[1:])
        kept = [key for key in newer if key is newer[-1] or _key_id(key) in still_used]
        dropped = tuple(_key_id(key) for key in newer if key not in kept)
        self._save((*root, *kept))
        return dropped

    def _notice_rotation(self) -> None:
        """Fetch the newest wrapping key when the file has changed since it was read."""
        if self._path is not None and _version(self._path) != self._version:
            self._reread()

    def _reread(self) -> tuple[bytes, ...]:
        """Take over what another process added to the file."""
        if self._path is None:
            raise KeyFileError("this master key is in no file that could be changed")
        self._version = _version(self._path)
        file = _read_key_file(self._path)
        self._wrapping, self._rootless = file.keys, file.rootless
        return self._wrapping

    def _save(self, keys: tuple[bytes, ...]) -> None:
        assert self._path is not None
        _write_key_file(self._path, _KeyFile(keys, self._rootless))
        self._version, self._wrapping = _version(self._path), keys

    def secret(self, purpose: str) -> bytes:
        """Return the 32-byte secret of one purpose, always the same for this master key."""
        return _derived(self.root(), purpose)

    def wrap(self, data_key: bytes, context: str) -> bytes:
        """Encrypt a data key; `context` (for example the key's id) is bound to the result."""
        return self.wrap_named(data_key, context)[0]

    def wrap_named(self, data_key: bytes, context: str) -> tuple[bytes, str]:
        """Encrypt a data key; return it with the name of the wrapping key that was taken.

        Another thread may notice a rotation meanwhile, after which `key_id` is another one.
        """
        self._notice_rotation()
        newest = self._wrapping[-1]
        return _encrypt(_wrapping_secret(newest), data_key, context), _key_id(newest)

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """Decrypt what `wrap` made, now or by an earlier wrapping key. Raises SealBrokenError.

        A key that another process has added meanwhile is fetched from the file.
        """
        for key in reversed(self._wrapping):
            with contextlib.suppress(SealBrokenError):
                return _decrypt(_wrapping_secret(key), wrapped, context)
        known = self._wrapping
        self._notice_rotation()
        added = tuple(key for key in self._wrapping if key not in known)
        for key in reversed(added):
            with contextlib.suppress(SealBrokenError):
                return _decrypt(_wrapping_secret(key), wrapped, context)
        raise SealBrokenError("no wrapping key opens the data key")

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


def _version(path: Path) -> tuple[int, int] | None:
    """Return what tells one state of the file from another; None when it is out of reach."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"yingyun master key id" + key).hexdigest()[:16]


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(key)


def _wrapping_secret(key: bytes) -> bytes:
    return _derived(key, "wrap data keys")


def _encrypt(key: bytes, plain: bytes, context: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def _decrypt(key: bytes, sealed: bytes, context: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError("the sealed bytes were altered or belong elsewhere") from error
