"""The bytes of an archive in the object store: parts of one size, each encrypted (F-32).

Parts let an archive of any size be written while it is made and be read from any byte on, with one
part in memory; the vault reads no more of a part than is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from server.model import DataKey
from server.storage import Vault

PART_BYTES = 8 << 20
PIECE_BYTES = 1 << 20


def write(vault: Vault, data_key: DataKey, prefix: str, pieces: Iterable[bytes]) -> tuple[int, str]:
    """Store an archive in parts below a prefix; return its size in bytes and its SHA-256 (hex).

    Raises StorageError.
    """
    digest, size, number, rest = hashlib.sha256(), 0, 0, bytearray()
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        rest += piece
        while len(rest) >= PART_BYTES:
            vault.write(data_key, _key(prefix, number), bytes(rest[:PART_BYTES]))
            del rest[:PART_BYTES]
            number += 1
    if rest:
        vault.write(data_key, _key(prefix, number), bytes(rest))
    return size, digest.hexdigest()


def read(vault: Vault, data_key: DataKey, prefix: str, start: int, stop: int) -> Iterator[bytes]:
    """Yield the bytes from `start` up to, without, `stop`, a megabyte at a time.

    Raises StorageError.
    """
    while start < stop:
        number, offset = divmod(start, PART_BYTES)
        length = min(PIECE_BYTES, stop - start, PART_BYTES - offset)
        piece = vault.read_range(data_key, _key(prefix, number), offset, length)
        yield piece
        start += length


def remove(vault: Vault, prefix: str) -> int:
    """Delete all parts below a prefix; return how many there were. Raises StorageError."""
    keys = list(vault.store.keys(prefix))
    for key in keys:
        vault.delete(key)
    return len(keys)


def _key(prefix: str, number: int) -> str:
    return f"{prefix}/part-{number:06d}"
