"""The vault: objects encrypted in chunks, so that a part can be read alone (F-14).

An object is a header of 56 bytes followed by chunks of AES-256-GCM (NIST SP 800-38D), or of SM4-GCM
(GB/T 32907, RFC 8998) where national ciphers (国密) are asked for; the header says which, so that
both are read whatever new objects are written with:

    offset  bytes  content
    0       4      "YYV1"
    4       1      algorithm: 1 = AES-256-GCM, 2 = SM4-GCM
    5       3      zero
    8       4      chunk size in plain bytes, big endian
    12      8      plain size of the object, big endian
    20      4      zero
    24      32     salt

The key of an object comes from the study's data key, the salt and the object key (HKDF, RFC 5869),
so a nonce needs only to be unique inside one object: it is the chunk's index and a flag that marks
the last chunk. Header and object key are associated data of every chunk. Hence an altered header,
a truncated object, chunks in another order, and an object under another key are all found.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

from server.keys import KEY_BYTES, MasterKey, SealBrokenError
from server.model import DataKey, opaque_id
from server.settings import AES_256_GCM
from server.storage.ciphers import BY_NAME, BY_NUMBER, TAG_BYTES, Aead, Algorithm
from server.storage.errors import DataKeyDestroyedError, ObjectDamagedError, StorageError
from server.storage.store import ObjectStore

_HEADER = struct.Struct(">4sB3xIQ4x32s")
_MAGIC = b"YYV1"
_SALT_BYTES = 32
CHUNK_BYTES = 1 << 20
_MOST_CHUNK_BYTES = 1 << 24  # more than this in a header is damage, not a choice


@dataclass(frozen=True)
class _Layout:
    """The header of one object: how its plain bytes lie in chunks."""

    header: bytes
    chunk_bytes: int
    plain_bytes: int
    salt: bytes
    algorithm: Algorithm

    @property
    def chunk_count(self) -> int:
        return max(1, -(-self.plain_bytes // self.chunk_bytes))

    @property
    def stored_bytes(self) -> int:
        return len(self.header) + self.plain_bytes + self.chunk_count * TAG_BYTES

    def chunk_offset(self, index: int) -> int:
        return len(self.header) + index * (self.chunk_bytes + TAG_BYTES)

    def chunk_stored_bytes(self, index: int) -> int:
        rest = self.plain_bytes - index * self.chunk_bytes
        return min(self.chunk_bytes, rest) + TAG_BYTES

    def nonce(self, index: int) -> bytes:
        return index.to_bytes(11, "big") + bytes([index == self.chunk_count - 1])


def _new_layout(plain_bytes: int, algorithm: Algorithm) -> _Layout:
    salt = os.urandom(_SALT_BYTES)
    header = _HEADER.pack(_MAGIC, algorithm.number, CHUNK_BYTES, plain_bytes, salt)
    return _Layout(header, CHUNK_BYTES, plain_bytes, salt, algorithm)


def _read_layout(object_key: str, header: bytes) -> _Layout:
    if len(header) != _HEADER.size:
        raise ObjectDamagedError(f"{object_key}: the header is cut off")
    magic, number, chunk_bytes, plain_bytes, salt = _HEADER.unpack(header)
    algorithm = BY_NUMBER.get(number)
    if magic != _MAGIC or algorithm is None or not 0 < chunk_bytes <= _MOST_CHUNK_BYTES:
        raise ObjectDamagedError(f"{object_key}: the header is not one of the vault")
    return _Layout(header, chunk_bytes, plain_bytes, salt, algorithm)


class Vault:
    """Encrypted objects in an object store; each study has a data key of its own."""

    def __init__(
        self, store: ObjectStore, master_key: MasterKey, cipher: str = AES_256_GCM
    ) -> None:
        """Open the vault; new objects are written with `cipher`, others are read all the same."""
        self.store = store
        self._master_key = master_key
        self._algorithm = BY_NAME[cipher]

    def new_data_key(self, session: Session) -> DataKey:
        """Make a data key, wrapped by the master key, as a row of the session (F-32)."""
        key_id = opaque_id()
        wrapped, name = self._master_key.wrap_named(os.urandom(KEY_BYTES), f"data key {key_id}")
        data_key = DataKey(id=key_id, master_key_id=name, wrapped_key=wrapped)
        session.add(data_key)
        return data_key

    def write(self, data_key: DataKey, object_key: str, data: bytes | mmap) -> int:
        """Encrypt and store an object, replacing what was there; return its plain size in bytes.

        Durable when it returns. Raises StorageFullError, StorageError, DataKeyDestroyedError.
        """
        layout = _new_layout(len(data), self._algorithm)
        cipher = self._cipher(data_key, object_key, layout)
        self.store.put(object_key, _sealed_parts(cipher, layout, object_key, data))
        return len(data)

    def read(self, data_key: DataKey, object_key: str) -> bytes:
        """Return the plain bytes of an object.

        Raises ObjectMissingError, ObjectDamagedError, DataKeyDestroyedError.
        """
        return self.unsealed(data_key, object_key, self.store.get(object_key))

    def sealed(self, data_key: DataKey, name: str, data: bytes) -> bytes:
        """Return bytes encrypted as an object of this name is, to be kept in a row of the database.

        Raises StorageError, DataKeyDestroyedError.
        """
        layout = _new_layout(len(data), self._algorithm)
        cipher = self._cipher(data_key, name, layout)
        return b"".join(_sealed_parts(cipher, layout, name, data))

    def unsealed(self, data_key: DataKey, object_key: str, sealed: bytes) -> bytes:
        """Return the plain bytes of what `sealed` made, or of a whole stored object.

        Raises ObjectDamagedError, DataKeyDestroyedError.
        """
        stored = memoryview(sealed)
        layout = _read_layout(object_key, bytes(stored[: _HEADER.size]))
        if len(stored) != layout.stored_bytes:
            raise ObjectDamagedError(f"{object_key}: {len(stored)} bytes, not as written")
        cipher = self._cipher(data_key, object_key, layout)
        indices = range(layout.chunk_count)
        return b"".join(
            _open_chunk(cipher, layout, object_key, index, stored[layout.chunk_offset(index) :])
            for index in indices
        )

    def read_range(self, data_key: DataKey, object_key: str, start: int, length: int) -> bytes:
        """Return `length` plain bytes from `start`, fewer at the end; only touched chunks are read.

        Raises ValueError for a negative start or length, and as `read` does.
        """
        if start < 0 or length < 0:
            raise ValueError("a range begins at 0 or later and has no negative length")
        if length == 0:
            return b""
        header = self.store.get_range(object_key, 0, _HEADER.size)
        layout = _read_layout(object_key, header)
        # Even a range beyond the end opens a chunk: only that proves the size in the header.
        end = min(start + length, layout.plain_bytes)
        cipher = self._cipher(data_key, object_key, layout)
        last = max(0, end - 1) // layout.chunk_bytes
        first = min(start // layout.chunk_bytes, last)
        offset = layout.chunk_offset(first)
        stored_end = layout.chunk_offset(last) + layout.chunk_stored_bytes(last)
        stored = memoryview(self.store.get_range(object_key, offset, stored_end - offset))
        plain = b"".join(
            _open_chunk(
                cipher, layout, object_key, index, stored[layout.chunk_offset(index) - offset :]
            )
            for index in range(first, last + 1)
        )
        skipped = start - first * layout.chunk_bytes
        return plain[skipped : skipped + max(0, end - start)]

    def delete(self, object_key: str) -> None:
        """Remove an object; nothing happens when there is none."""
        self.store.delete(object_key)

    def _cipher(self, data_key: DataKey, object_key: str, layout: _Layout) -> Aead:
        algorithm = layout.algorithm
        info = algorithm.purpose + object_key.encode()
        derived = HKDF(hashes.SHA256(), algorithm.key_bytes, salt=layout.salt, info=info)
        return algorithm.open(derived.derive(self._unwrap(data_key)))

    def _unwrap(self, data_key: DataKey) -> bytes:
        if data_key.wrapped_key is None:
            raise DataKeyDestroyedError(f"data key {data_key.id} was destroyed")
        try:
            return self._master_key.unwrap(data_key.wrapped_key, f"data key {data_key.id}")
        except SealBrokenError as error:
            raise StorageError(
                f"data key {data_key.id} was wrapped by master key {data_key.master_key_id}; "
                f"this process has {', '.join(self._master_key.key_ids)}"
            ) from error


def _sealed_parts(
    cipher: Aead, layout: _Layout, object_key: str, data: bytes | mmap
) -> Iterator[bytes]:
    yield layout.header
    plain = memoryview(data)
    associated = layout.header + object_key.encode()
    for index in range(layout.chunk_count):
        start = index * layout.chunk_bytes
        chunk = plain[start : start + layout.chunk_bytes]
        yield cipher.encrypt(layout.nonce(index), chunk, associated)


def _open_chunk(
    cipher: Aead, layout: _Layout, object_key: str, index: int, stored: memoryview
) -> bytes:
    sealed = stored[: layout.chunk_stored_bytes(index)]
    associated = layout.header + object_key.encode()
    try:
        return cipher.decrypt(layout.nonce(index), sealed, associated)
    except (InvalidTag, ValueError) as error:
        raise ObjectDamagedError(f"{object_key}: chunk {index} is not as written") from error
