"""Objects as files of a folder: whole or absent, and on the disk when `put` returns."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from server.files import sync_folder
from server.storage.errors import ObjectMissingError, StorageError, StorageFullError
from server.storage.store import check_key

_INCOMING = ".incoming"  # a name that no key can have
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


def _make_folder(folder: Path) -> None:
    """Make a folder that survives a power failure: each new name is synced in its parent."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


class FolderStore:
    """An `ObjectStore` in a folder of this machine (or of a mounted volume)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        _make_folder(root / _INCOMING)

    def put(self, key: str, data: bytes | Iterable[bytes]) -> None:
        """Store an object. Raises StorageFullError, StorageError; then nothing is left behind."""
        target = self._path(key)
        temporary = self.root / _INCOMING / secrets.token_hex(16)
        try:
            self._write(temporary, data)
            _make_folder(target.parent)
            temporary.replace(target)
            sync_folder(target.parent)
        except OSError as error:
            raise _in_words(error) from error
        finally:
            temporary.unlink(missing_ok=True)

    def get(self, key: str) -> bytes:
        """Return an object. Raises ObjectMissingError."""
        try:
            return self._path(key).read_bytes()
        except _ABSENT as error:
            raise ObjectMissingError(key) from error
        except OSError as error:
            raise _in_words(error) from error

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return up to `length` bytes from `start`. Raises ObjectMissingError."""
        try:
            with self._path(key).open("rb", buffering=0) as file:
                file.seek(start)
                return file.read(length)
        except _ABSENT as error:
            raise ObjectMissingError(key) from error
        except OSError as error:
            raise _in_words(error) from error

    def size(self, key: str) -> int:
        """Return the number of bytes of an object. Raises ObjectMissingError."""
        return self._status(key).st_size

    def modified_at(self, key: str) -> datetime:
        """Return when an object was stored, aware. Raises ObjectMissingError."""
        return datetime.fromtimestamp(self._status(key).st_mtime, UTC)

    def exists(self, key: str) -> bool:
        """Tell whether there is an object of this key."""
        return self._path(key).is_file()

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens when there is none."""
        path = self._path(key)
        if path.is_file():
            path.unlink(missing_ok=True)
            sync_folder(path.parent)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys below a folder, in order."""
        top = self._path(prefix) if prefix else self.root
        if top.is_dir():
            yield from self._keys_below(top)

    def sweep_incoming(self, older_than_seconds: float = 86_400) -> int:
        """Remove what interrupted writes left; return how many files went."""
        limit = time.time() - older_than_seconds
        old = [path for path in (self.root / _INCOMING).iterdir() if path.stat().st_mtime <= limit]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _status(self, key: str) -> os.stat_result:
        try:
            status = self._path(key).stat()
        except _ABSENT as error:
            raise ObjectMissingError(key) from error
        if not stat.S_ISREG(status.st_mode):
            raise ObjectMissingError(key)
        return status

    def _keys_below(self, folder: Path) -> Iterator[str]:
        for path in sorted(folder.iterdir()):
            if path.name.startswith("."):
                continue
            if path.is_dir():
                yield from self._keys_below(path)
            else:
                yield path.relative_to(self.root).as_posix()

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _write(self, path: Path, data: bytes | Iterable[bytes]) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            for part in [data] if isinstance(data, bytes) else data:
                _write_all(file.fileno(), part)
            os.fsync(file.fileno())


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _in_words(error: OSError) -> StorageError:
    if error.errno in _NO_ROOM:
        return StorageFullError("存储空间已满，未保存 / the object store is full; nothing was kept")
    return StorageError(f"对象存储出错 / the object store failed: {error.strerror}")
