"""Objects in an S3-compatible store (or another of obstore's), chosen by a URL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import MemoryStore, from_url
from obstore.store import ObjectStore as RemoteStore

from server.storage.errors import ObjectMissingError, StorageError
from server.storage.store import check_key

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ClientConfig


_PLACE = ("endpoint", "region")


_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


# What the client says of a server that answers 200 to a range (RFC 9110 14.2 allows that).
NOT_PARTIAL = "non-partial"


class ObstoreStore:
    """An `ObjectStore` on obstore; a put is one request or one multipart upload, both atomic."""

    def __init__(self, remote: RemoteStore) -> None:
        self._remote = remote

    def put(self, key: str, data: bytes | Iterable[bytes]) -> None:
        """Store an object. Raises StorageError."""
        content = data if isinstance(data, bytes) else iter(data)
        try:
            obstore.put(self._remote, check_key(key), content)
        except BaseError as error:
            raise _in_words(error) from error

    def get(self, key: str) -> bytes:
        """Return an object. Raises ObjectMissingError."""
        try:
            return bytes(obstore.get(self._remote, check_key(key)).bytes())
        except FileNotFoundError as error:
            raise ObjectMissingError(key) from error
        except BaseError as error:
            raise _in_words(error) from error

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return up to `length` bytes from `start`. Raises ObjectMissingError."""
        try:
            return bytes(
                obstore.get_range(self._remote, check_key(key), start=start, length=length)
            )
        except FileNotFoundError as error:
            raise ObjectMissingError(key) from error
        except (BaseError, ValueError) as error:
            # Stores answer "start beyond the end" each in their own way; a file gives nothing.
            size = self.size(key)
            if length <= 0 or start >= size:
                return b""
            if NOT_PARTIAL in str(error):
                return self._cut(key, start, length)
            raise _in_words(error) from error

    def _cut(self, key: str, start: int, length: int) -> bytes:
        """Read as far as is needed where a store ignores that a part is asked for (it may)."""
        part, at = bytearray(), 0
        try:
            for chunk in obstore.get(self._remote, check_key(key)).stream():
                data = memoryview(chunk)
                part += data[max(start - at, 0) : max(start + length - at, 0)]
                at += len(data)
                if at >= start + length:
                    break
        except BaseError as error:
            raise _in_words(error) from error
        return bytes(part)

    def size(self, key: str) -> int:
        """Return the number of bytes of an object. Raises ObjectMissingError."""
        return self._head(key)["size"]

    def modified_at(self, key: str) -> datetime:
        """Return when an object was stored, aware. Raises ObjectMissingError."""
        return self._head(key)["last_modified"]

    def exists(self, key: str) -> bool:
        """Tell whether there is an object of this key."""
        try:
            self.size(key)
        except ObjectMissingError:
            return False
        return True

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens when there is none."""
        try:
            obstore.delete(self._remote, check_key(key))
        except FileNotFoundError:
            return
        except BaseError as error:
            raise _in_words(error) from error

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys below a folder, in order."""
        below = check_key(prefix) if prefix else None
        try:
            for page in obstore.list(self._remote, below):
                yield from (entry["path"] for entry in page)
        except BaseError as error:
            raise _in_words(error) from error

    def _head(self, key: str) -> ObjectMeta:
        try:
            return obstore.head(self._remote, check_key(key))
        except FileNotFoundError as error:
            raise ObjectMissingError(key) from error
        except BaseError as error:
            raise _in_words(error) from error


def open_obstore(url: str) -> ObstoreStore:
    """Open the store that a URL names, for example `s3://bucket/prefix?endpoint=https://host`.

    What follows the question mark is the place (`endpoint`, `region`), never a credential: those
    come from the usual environment. Raises StorageError when the URL cannot be used.
    """
    if url.startswith("memory:"):
        return ObstoreStore(MemoryStore())
    parts = urlsplit(url)
    place: dict[str, Any] = {
        name: values[0] for name, values in parse_qs(parts.query).items() if name in _PLACE
    }
    if _is_plain(place) and urlsplit(str(place["endpoint"])).hostname not in _THIS_MACHINE:
        raise StorageError(
            "对象存储须以 HTTPS 访问 / an object store on another machine is reached by HTTPS alone"
        )
    options: ClientConfig = {"allow_http": True} if _is_plain(place) else {}
    try:
        bare = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        return ObstoreStore(from_url(bare, client_options=options, **place))
    except (BaseError, ValueError) as error:
        raise StorageError(f"the object store's address cannot be used: {url}") from error


def _is_plain(place: dict[str, Any]) -> bool:
    return str(place.get("endpoint", "")).startswith("http://")


def _in_words(error: Exception) -> StorageError:
    first_line = str(error).partition("\n")[0]
    return StorageError(f"对象存储出错 / the object store failed: {first_line}")
