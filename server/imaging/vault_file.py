"""An encrypted object as a seekable file, of which only the parts that are read are decrypted."""

from __future__ import annotations

import io

from server.model import DataKey
from server.storage.vault import CHUNK_BYTES, Vault


class _VaultFile(io.RawIOBase):
    name = ""  # readers of files ask for one

    def __init__(self, vault: Vault, data_key: DataKey, object_key: str, size: int) -> None:
        self._place = (vault, data_key, object_key)
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(start + offset, 0)
        return self._position

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        wanted = min(len(target), max(self._size - self._position, 0))
        vault, data_key, object_key = self._place
        data = vault.read_range(data_key, object_key, self._position, wanted) if wanted else b""
        target[: len(data)] = data
        self._position += len(data)
        return len(data)


def open_object(
    vault: Vault, data_key: DataKey, object_key: str, size: int
) -> io.BufferedReader[_VaultFile]:
    """Return an object of `size` plain bytes as a file.

    Reading raises ObjectMissingError, ObjectDamagedError, DataKeyDestroyedError.
    """
    return io.BufferedReader(_VaultFile(vault, data_key, object_key, size), CHUNK_BYTES)
