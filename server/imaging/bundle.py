"""The objects that one run of the preview job writes for one series.

Hundreds of small objects would each cost a flush to the disk; so payloads of one kind are put one
behind the other into parts of about four megabytes, and an index says where each one lies:

    <run>/manifest            the series manifest (JSON, without heading)
    <run>/overlays            the overlay planes, where there are any (viewer_py.dicom.overlays)
    <run>/index               one record a frame, see `INDEX_RECORD`
    <run>/pack-0000 …         frames, losslessly compressed (viewer_py.dicom.pack)
    <run>/full-0000 …         pictures of full matrix, and so on, one kind each
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np

from server.model import DataKey, opaque_id
from server.storage import Vault
from viewer_py.dicom.manifest import MANIFEST_VERSION

PART_BYTES = 4 << 20
MAGIC = b"YYIX0001"
# What the manifest says grows with its version; runs of another one are made anew (`renew`).
FORMAT = f"m{MANIFEST_VERSION}"

PLACE = np.dtype([("part", "<u4"), ("offset", "<u4"), ("length", "<u4")])
PICTURE = np.dtype([("place", PLACE), ("png", "<u1"), ("width", "<u4"), ("height", "<u4")])
INDEX_RECORD = np.dtype(
    [
        ("pack", PLACE),
        ("codec", "<u1"),
        ("full", PICTURE),
        ("fast", PICTURE),
        ("thumbnail", PICTURE),
        ("rendered", PICTURE),
    ]
)
Index = np.ndarray[Any, np.dtype[np.void]]


class PayloadKind(enum.StrEnum):
    """What a part holds; also the fields of the index."""

    PACK = "pack"
    FULL = "full"
    FAST = "fast"
    THUMBNAIL = "thumbnail"
    RENDERED = "rendered"


class BundleError(ValueError):
    """The index is not one of this version, or damaged."""


@dataclass
class _OpenPart:
    number: int
    chunks: list[bytes]
    size: int = 0


class BundleWriter:
    """Writes the objects of a run under `folder`, with at most one part of each kind in memory."""

    def __init__(self, vault: Vault, data_key: DataKey, folder: str) -> None:
        self.folder = folder
        self._vault = vault
        self._data_key = data_key
        self._parts = {kind: _OpenPart(0, []) for kind in PayloadKind}

    def add(self, kind: PayloadKind, payload: bytes) -> tuple[int, int, int]:
        """Append a payload; return its place (part, offset, length)."""
        part = self._parts[kind]
        if part.size and part.size + len(payload) > PART_BYTES:
            self._flush(kind)
            part = self._parts[kind] = _OpenPart(part.number + 1, [])
        place = (part.number, part.size, len(payload))
        part.chunks.append(payload)
        part.size += len(payload)
        return place

    def flush(self) -> None:
        """Write what is still in memory, so that all that was added can be read."""
        for kind, part in list(self._parts.items()):
            if part.size:
                self._flush(kind)
                self._parts[kind] = _OpenPart(part.number + 1, [])

    def finish(self, manifest: bytes, index: Index, overlays: bytes = b"") -> None:
        """Write what is still in memory, then overlays (if any), manifest and index."""
        self.flush()
        if overlays:
            self._vault.write(self._data_key, f"{self.folder}/overlays", overlays)
        self._vault.write(self._data_key, f"{self.folder}/manifest", manifest)
        self._vault.write(self._data_key, f"{self.folder}/index", MAGIC + index.tobytes())

    def _flush(self, kind: PayloadKind) -> None:
        part = self._parts[kind]
        key = part_key(self.folder, kind, part.number)
        self._vault.write(self._data_key, key, b"".join(part.chunks))
        part.chunks.clear()


def part_key(folder: str, kind: PayloadKind, number: int) -> str:
    """Return the object key of a part."""
    return f"{folder}/{kind.value}-{number:04d}"


def new_folder(series_id: str, study_id: str) -> str:
    """Return a folder for a run; its name says in which form it is written."""
    return f"studies/{study_id}/series/{series_id}/{FORMAT}-{opaque_id()}"


def read_overlays(vault: Vault, data_key: DataKey, folder: str) -> bytes:
    """Read the overlays of a run that has some. Raises as `Vault.read` does."""
    return vault.read(data_key, f"{folder}/overlays")


def read_index(vault: Vault, data_key: DataKey, folder: str) -> Index:
    """Read the index of a run. Raises BundleError, and as `Vault.read` does."""
    data = vault.read(data_key, f"{folder}/index")
    if data[: len(MAGIC)] != MAGIC or (len(data) - len(MAGIC)) % INDEX_RECORD.itemsize:
        raise BundleError("the index of the prepared series is not of this version")
    return np.frombuffer(data, INDEX_RECORD, offset=len(MAGIC))


def remove(vault: Vault, folder: str) -> None:
    """Remove all objects of a run; harmless when some or all are gone."""
    for key in list(vault.store.keys(folder)):
        vault.delete(key)
