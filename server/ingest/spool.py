"""An object as it comes in: small ones in memory, larger ones in a file that has no name.

A file without a name is gone with the process that made it, whatever happens. What is read of it
is mapped, so that an object of a gigabyte takes no gigabyte of memory.
"""

from __future__ import annotations

import errno
import io
import mmap
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from server.ingest.rejection import Reason, RefusedError

Buffer = bytes | mmap.mmap
IN_MEMORY_BYTES = 16 << 20
FOLDER = "incoming"  # below the data home
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Spool:
    """Takes the bytes of one object; of one that is too large, or finds no room, it keeps none.

    `folder` is made where it is missing; None is the system's own for temporary files.
    """

    def __init__(self, most_bytes: int, folder: Path | None = None) -> None:
        self._most_bytes = most_bytes
        self._folder = folder
        self._chunks: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._refusal: Reason | None = None
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Take the next bytes; what cannot be kept is told by `data`."""
        self.size += len(chunk)
        if self.size > self._most_bytes:
            self._refuse(Reason.TOO_LARGE)
        if self._refusal is not None:
            return
        if self._file is None and self.size <= IN_MEMORY_BYTES:
            self._chunks.append(bytes(chunk))
            return
        try:
            self._opened().write(chunk)
        except OSError as error:
            self._refuse(Reason.STORAGE_FULL if error.errno in _FULL else Reason.STORAGE_FAILED)

    def data(self) -> Buffer:
        """Return all bytes. Raises RefusedError: too large, no room for them, not written."""
        if self._refusal is None and self._file is not None:
            try:
                self._file.flush()
                return mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
            except OSError:
                self._refuse(Reason.STORAGE_FAILED)
        if self._refusal is Reason.TOO_LARGE:
            raise too_large(self._most_bytes)
        if self._refusal is not None:
            raise RefusedError(
                self._refusal, "存储空间不足，未保存 / no room to take the object in; nothing kept"
            )
        return b"".join(self._chunks)

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = TemporaryFile(dir=self._folder)  # noqa: SIM115 - open until the object is stored
            self._file.writelines(self._chunks)
            self._chunks.clear()
        return self._file

    def _refuse(self, reason: Reason) -> None:
        self._refusal = self._refusal or reason
        self._chunks.clear()
        if self._file is not None:
            self._file.close()
            self._file = None


def too_large(most_bytes: int) -> RefusedError:
    """Return the refusal of an object that is larger than is taken."""
    return RefusedError(
        Reason.TOO_LARGE,
        f"大于 {most_bytes >> 20} MiB 的上限 / larger than {most_bytes >> 20} MiB, the most that "
        "one object may have",
    )


def as_file(data: Buffer) -> IO[bytes]:
    """Return an object as a file, read from its start, without copying a mapped one."""
    if isinstance(data, bytes):
        return io.BytesIO(data)
    data.seek(0)
    return data  # type: ignore[return-value]  # reads, seeks and tells as a file does
