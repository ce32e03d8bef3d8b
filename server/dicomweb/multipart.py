"""Bodies of many parts (RFC 2387), read and written one part at a time."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from server.dicomweb.media_types import parse_media_type

READ_BYTES = 256 << 10
MOST_HEADER_BYTES = 16 << 10
LONGEST_BOUNDARY = 200  # 70 by RFC 2046 5.1.1, but Orthanc writes 73


class Readable(Protocol):
    """Where a body comes from."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes; none at the end."""
        ...


class MultipartError(ValueError):
    """The body is not made of parts as its media type says, or ends in the middle of one."""


@dataclass(frozen=True)
class Part:
    """One part; `data` is None for one that is larger than is taken."""

    media_type: str
    data: bytes | None


@dataclass(frozen=True)
class NewPart:
    """A part to be written."""

    content_type: str
    data: bytes
    location: str = ""


def new_boundary() -> str:
    """Return a boundary that no content holds by chance."""
    return secrets.token_hex(16)


def write_parts(parts: Iterable[NewPart], boundary: str) -> Iterator[bytes]:
    """Yield the bytes of a body, each part's as soon as it is there."""
    for part in parts:
        location = f"Content-Location: {part.location}\r\n" if part.location else ""
        yield (
            f"--{boundary}\r\nContent-Type: {part.content_type}\r\n"
            f"Content-Length: {len(part.data)}\r\n{location}\r\n"
        ).encode()
        yield part.data
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def read_parts(stream: Readable, boundary: str, most_bytes: int) -> Iterator[Part]:
    """Yield the parts of a body; no more than one is in memory, and of a too large one nothing.

    Raises MultipartError.
    """
    if not 0 < len(boundary) <= LONGEST_BOUNDARY or not boundary.isascii():
        raise MultipartError("缺少 boundary / the boundary is missing")
    reader = _Reader(stream)
    delimiter = b"\r\n--" + boundary.encode()
    reader.until(delimiter, 0)
    while not reader.closes():
        headers = reader.until(b"\r\n\r\n", MOST_HEADER_BYTES)
        if headers is None:
            raise MultipartError("分部头过长 / the headers of a part are too long")
        yield Part(_content_type(headers), reader.until(delimiter, most_bytes))


class _Reader:
    """Reads a stream up to marks."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._rest = b"\r\n"  # so that a delimiter at the very start is found as any other

    def until(self, mark: bytes, most_bytes: int) -> bytes | None:
        """Return what comes before a mark and skip both; None where it is more than wanted.

        Raises MultipartError at the end of the stream.
        """
        chunks: list[bytes] = []
        size, tail = 0, self._rest
        while (place := tail.find(mark)) < 0:
            keep = len(tail) - len(mark) + 1
            if keep > 0:
                size += keep
                if size <= most_bytes:
                    chunks.append(tail[:keep])
                else:
                    chunks.clear()
                tail = tail[keep:]
            more = self._stream.read(READ_BYTES)
            if not more:
                raise MultipartError("请求内容不完整 / the body ends too early")
            tail += more
        size += place
        self._rest = tail[place + len(mark) :]
        if size > most_bytes:
            return None
        return b"".join([*chunks, tail[:place]])

    def closes(self) -> bool:
        """Whether the delimiter just read is the last one; skips the rest of its line.

        Raises MultipartError for one that is followed by anything else.
        """
        while len(self._rest) < 2:
            more = self._stream.read(READ_BYTES)
            if not more:
                raise MultipartError("请求内容不完整 / the body ends too early")
            self._rest += more
        if self._rest.startswith(b"--"):
            return True
        padding = self.until(b"\r\n", MOST_HEADER_BYTES)
        if padding is None or padding.strip(b" \t"):
            raise MultipartError("分界后有多余内容 / something follows a boundary")
        self._rest = b"\r\n" + self._rest  # a part may have no headers at all
        return False


def _content_type(headers: bytes) -> str:
    for line in headers.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-type":
            return parse_media_type(value)[0]
    return ""
