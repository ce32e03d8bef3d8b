"""The object store: bytes under keys, whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from server.storage.errors import ObjectKeyError, StorageError

_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}")
CLOUD_SCHEMES = frozenset({"s3", "s3a", "gs", "az", "memory"})


class ObjectStore(Protocol):
    """Bytes under keys such as `studies/<study_id>/instances/<name>`.

    An object appears whole or not at all, and is durable when `put` returns. Every method raises
    ObjectKeyError for a key that is not made of plain names, and StorageError when the store
    cannot be reached.
    """

    def put(self, key: str, data: bytes | Iterable[bytes]) -> None:
        """Store an object, replacing what was there. Raises StorageFullError."""
        ...

    def get(self, key: str) -> bytes:
        """Return an object. Raises ObjectMissingError."""
        ...

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return up to `length` bytes from `start`; fewer at the end. Raises ObjectMissingError."""
        ...

    def size(self, key: str) -> int:
        """Return the number of bytes of an object. Raises ObjectMissingError."""
        ...

    def modified_at(self, key: str) -> datetime:
        """Return when an object was stored, aware. Raises ObjectMissingError."""
        ...

    def exists(self, key: str) -> bool:
        """Tell whether there is an object of this key."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens when there is none."""
        ...

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys below a folder such as `studies`, in order; all when it is empty."""
        ...


def check_key(key: str) -> str:
    """Return the key when each of its parts is a plain name. Raises ObjectKeyError."""
    if not all(_SEGMENT.fullmatch(part) for part in key.split("/")):
        raise ObjectKeyError(f"not an object key: {key!r}")
    return key


def open_store(url: str) -> ObjectStore:
    """Open the store at a URL: `file:///folder`, `s3://bucket/prefix` and others of obstore.

    Credentials and endpoint of a cloud store come from its usual environment (AWS_…).
    Raises StorageError for another scheme.
    """
    # Imported here, because whoever keeps objects in a folder needs no cloud client loaded.
    parts = urlsplit(url)
    if parts.scheme == "file":
        from server.storage.folder import FolderStore

        return FolderStore(Path(unquote(parts.path)))
    if parts.scheme in CLOUD_SCHEMES:
        from server.storage.obstore_store import open_obstore

        return open_obstore(url)
    raise StorageError(f"no object store for the scheme {parts.scheme!r} of the store's address")
