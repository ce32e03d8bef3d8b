"""Where objects come from: files, folders and zip archives, listed before anything is read."""

from __future__ import annotations

import errno
import os
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from server.ingest.limits import IngestLimits
from server.ingest.rejection import Reason, RefusedError, Rejection
from server.ingest.spool import too_large

_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
# Tables of contents and what operating systems leave in folders; never images.
_PASSED_OVER = frozenset({"DICOMDIR", ".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX"})


class Source(Protocol):
    """One thing to be read; `name` is for people and never used as a path."""

    @property
    def name(self) -> str:
        """Return what the sender calls it."""
        ...

    def read(self, limits: IngestLimits) -> bytes:
        """Return all bytes. Raises RefusedError."""
        ...


@dataclass(frozen=True)
class FileSource:
    """A file of a folder."""

    path: Path
    name: str

    def read(self, limits: IngestLimits) -> bytes:
        """Return the file's bytes. Raises RefusedError: unreadable, too large."""
        try:
            with self.path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                _check_size(size, limits)
                return file.read(size)
        except OSError as error:
            raise _unreadable(error) from error


class _Archive:
    """A zip archive that is open from the first read of an entry to the last one."""

    def __init__(self, path: Path, entry_count: int) -> None:
        self._path = path
        self._unread = entry_count
        self._zip: zipfile.ZipFile | None = None

    def read(self, entry: zipfile.ZipInfo) -> bytes:
        self._zip = self._zip or zipfile.ZipFile(self._path)
        return self._zip.read(entry)

    def done_with_one(self) -> None:
        self._unread -= 1
        if self._unread == 0 and self._zip is not None:
            self._zip.close()


@dataclass(frozen=True)
class ZipSource:
    """An entry of a zip archive, to be read once."""

    archive: _Archive
    entry: zipfile.ZipInfo
    name: str

    def read(self, limits: IngestLimits) -> bytes:
        """Return the entry's bytes, checked against its CRC. Raises RefusedError."""
        try:
            return self._read(limits)
        finally:
            self.archive.done_with_one()

    def _read(self, limits: IngestLimits) -> bytes:
        entry = self.entry
        if entry.flag_bits & 1:
            raise RefusedError(
                Reason.ENCRYPTED,
                "压缩包已加密，请先解密 / the archive is encrypted; decrypt it first",
            )
        _check_size(entry.file_size, limits)
        large = entry.file_size > limits.archive_ratio_from
        if large and entry.file_size > limits.archive_ratio * entry.compress_size:
            raise _bomb(f"压缩比超过 {limits.archive_ratio}", "compressed beyond belief")
        data = self._inflated()
        if data.startswith(_ZIP_MAGIC):
            raise RefusedError(
                Reason.NESTED_ARCHIVE,
                "压缩包内还有压缩包，请先解压 / an archive in an archive; unpack it first",
            )
        return data

    def _inflated(self) -> bytes:
        try:
            return self.archive.read(self.entry)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            RuntimeError,
        ) as error:
            raise RefusedError(
                Reason.DAMAGED_ARCHIVE, "压缩包条目损坏 / the archive's entry is damaged"
            ) from error
        except NotImplementedError as error:
            raise RefusedError(
                Reason.UNSUPPORTED_ARCHIVE, "不支持的压缩方法 / unsupported compression method"
            ) from error


@dataclass
class Listing:
    """What was found: sources to read, and what could not even be listed."""

    sources: list[Source] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)


def list_sources(paths: Iterable[Path], limits: IngestLimits) -> Listing:
    """List the files, the folders' files and the archives' entries below some paths."""
    listing = Listing()
    for path in paths:
        seen: set[tuple[int, int]] = set()
        _list_path(path, _shown(path.name or str(path)), listing, limits, seen, frozenset())
    return listing


def _list_path(
    path: Path,
    name: str,
    listing: Listing,
    limits: IngestLimits,
    seen: set[tuple[int, int]],
    above: frozenset[tuple[int, int]],
) -> None:
    if path.name in _PASSED_OVER:
        return
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            identity = (status.st_dev, status.st_ino)
            if identity in above:
                raise RefusedError(
                    Reason.SYMLINK_LOOP, "循环链接 / a link that leads back to itself"
                )
            if identity not in seen:
                seen.add(identity)
                for child in sorted(path.iterdir()):
                    inner = f"{name}/{_shown(child.name)}"
                    _list_path(child, inner, listing, limits, seen, above | {identity})
        elif stat.S_ISREG(status.st_mode):
            _list_file(path, name, listing, limits)
        else:
            raise RefusedError(Reason.NOT_A_FILE, "不是普通文件 / not a regular file")
    except RefusedError as refusal:
        listing.rejected.append(refusal.as_rejection(name))
    except OSError as error:
        listing.rejected.append(_unreadable(error).as_rejection(name))


def _list_file(path: Path, name: str, listing: Listing, limits: IngestLimits) -> None:
    with path.open("rb") as file:
        is_archive = file.read(4) in _ZIP_MAGIC
    if is_archive:
        listing.sources.extend(_entries(path, name, limits))
    else:
        listing.sources.append(FileSource(path, name))


def _entries(path: Path, name: str, limits: IngestLimits) -> Iterator[Source]:
    try:
        with zipfile.ZipFile(path) as opened:
            entries = [entry for entry in opened.infolist() if not _passed_over(entry)]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise RefusedError(
            Reason.DAMAGED_ARCHIVE, "压缩包损坏 / the archive is damaged or incomplete"
        ) from error
    if len(entries) > limits.archive_entries:
        raise _bomb(f"条目超过 {limits.archive_entries}", "too many entries")
    if sum(entry.file_size for entry in entries) > limits.archive_bytes:
        raise _bomb(f"解压后超过 {limits.archive_bytes >> 30} GiB", "too large when unpacked")
    archive = _Archive(path, len(entries))
    for entry in entries:
        yield ZipSource(archive, entry, f"{name}!{_shown(entry.filename)}")


def _passed_over(entry: zipfile.ZipInfo) -> bool:
    return entry.is_dir() or not _PASSED_OVER.isdisjoint(entry.filename.split("/"))


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:200]


def _check_size(size: int, limits: IngestLimits) -> None:
    if size > limits.object_bytes:
        raise too_large(limits.object_bytes)


def _bomb(chinese: str, english: str) -> RefusedError:
    return RefusedError(
        Reason.DECOMPRESSION_BOMB, f"可疑的压缩包：{chinese} / a suspicious archive: {english}"
    )


def _unreadable(error: OSError) -> RefusedError:
    if isinstance(error, FileNotFoundError):
        return RefusedError(Reason.NOT_FOUND, "文件不存在 / no such file")
    if error.errno == errno.ELOOP:
        return RefusedError(Reason.SYMLINK_LOOP, "循环链接 / a link that leads back to itself")
    return RefusedError(Reason.UNREADABLE, f"无法读取 / cannot be read: {error.strerror}")
