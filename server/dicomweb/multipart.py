"""Bodies of many parts (RFC 2387), read and written one part at a time."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from server.dicomweb.media_types import parse_media_type
from server.ingest.rejection import RefusedError
from server.ingest.spool import Buffer, Spool

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


class TooLongError(MultipartError):
    """The body is longer than is taken at once."""


@dataclass(frozen=True)
class Part:
    """One part, as it came in; `headers` by their names in small letters."""

    media_type: str
    content: Spool
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Buffer | None:
        """Return its bytes; None for one that could not be kept, being too large."""
        try:
            return self.content.data()
        except RefusedError:
            return None


@dataclass(frozen=True)
class NewPart:
    """A part to be written."""

    content_type: str
    data: bytes
    location: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def new_boundary() -> str:
    """Return a boundary that no content holds by chance."""
    return secrets.token_hex(16)


def write_parts(parts: Iterable[NewPart], boundary: str) -> Iterator[bytes]:
    """Yield the bytes of a body, each part's as soon as it is there."""
    for part in parts:
        location = f"Content-Location: {part.location}\r\n" if part.location else ""
        others = "".join(f"{name}: {value}\r\n" for name, value in part.headers.items())
        yield (
            f"--{boundary}\r\nContent-Type: {part.content_type}\r\n"
            f"Content-Length: {len(part.data)}\r\n{location}{others}\r\n"
        ).encode()
        yield part.data
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def read_parts(
    stream: Readable,
    boundary: str,
    most_bytes: int,
    folder: Path | None = None,
    most_of_all: int | None = None,
) -> Iterator[Part]:
    """Yield the parts of a body, one at a time; large ones are spooled to files of a folder, and
    of one of more than `most_bytes` nothing is kept.

    Raises MultipartError, TooLongError once the whole body is longer than `most_of_all`.
    """
    if not 0 < len(boundary) <= LONGEST_BOUNDARY or not boundary.isascii():
        raise MultipartError("缺少 boundary / the boundary is missing")
    reader = _Reader(stream, most_of_all)
    delimiter = b"\r\n--" + boundary.encode()
    reader.until(delimiter, Spool(0))
    while not reader.closes():
        headers = _named(reader.line(b"\r\n\r\n"))
        media_type = parse_media_type(headers.get("content-type", ""))[0]
        content = Spool(most_bytes, folder)
        reader.until(delimiter, content)
        yield Part(media_type, content, headers)


def read_whole(stream: Readable, most_bytes: int, folder: Path | None = None) -> Spool:
    """Return a body that is a single object, as `read_parts` returns a part's."""
    content = Spool(most_bytes, folder)
    while content.size <= most_bytes and (chunk := stream.read(READ_BYTES)):
        content.write(chunk)
    return content


class _Reader:
    """Reads a stream up to marks."""

    def __init__(self, stream: Readable, most_bytes: int | None) -> None:
        self._stream = stream
        self._left = most_bytes
        self._rest = b"\r\n"  # so that a delimiter at the very start is found as any other

    def until(self, mark: bytes, into: Spool) -> None:
        """Hand on what comes before a mark, and skip both.

        Raises MultipartError at the end of the stream.
        """
        tail = self._rest
        while (place := tail.find(mark)) < 0:
            keep = len(tail) - len(mark) + 1
            if keep > 0:
                into.write(tail[:keep])
                tail = tail[keep:]
            tail += self._more()
        into.write(tail[:place])
        self._rest = tail[place + len(mark) :]

    def line(self, mark: bytes) -> bytes:
        """Return what comes before a mark; short, as headers are. Raises MultipartError."""
        found = Spool(MOST_HEADER_BYTES)
        self.until(mark, found)
        try:
            return bytes(found.data())
        except RefusedError as refusal:
            raise MultipartError("分部头过长 / the headers of a part are too long") from refusal

    def closes(self) -> bool:
        """Whether the delimiter just read is the last one; skips the rest of its line.

        Raises MultipartError for one that is followed by anything else.
        """
        while len(self._rest) < 2:
            self._rest += self._more()
        if self._rest.startswith(b"--"):
            return True
        if self.line(b"\r\n").strip(b" \t"):
            raise MultipartError("分界后有多余内容 / something follows a boundary")
        self._rest = b"\r\n" + self._rest  # a part may have no headers at all
        return False

    def _more(self) -> bytes:
        more = self._stream.read(READ_BYTES)
        if not more:
            raise MultipartError("请求内容不完整 / the body ends too early")
        if self._left is not None:
            self._left -= len(more)
            if self._left < 0:
                raise TooLongError("请求过大，其余对象请另行发送 / too much; send the rest apart")
        return more


def _named(headers: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in headers.decode("latin-1").split("\r\n"))
    return {name.strip().lower(): value.strip() for name, colon, value in lines if colon}
