"""Many object stores as one: each study's objects lie in a volume, which may change (D-05, D-32).

The object store of the settings is the first volume; others are rows of the database, which may be
added while the product runs. Where a study lies is a row, too; it is asked once and remembered.
What is remembered may be out of date, because another process moved the study: an object that is
not found there is looked for afresh, in every volume. So a move never needs a restart.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import select

from server.db import Database
from server.model import StorageVolume, StudyArchive, Tier
from server.storage.errors import ObjectColdError, ObjectMissingError
from server.storage.folder import FolderStore
from server.storage.store import ObjectStore

if TYPE_CHECKING:
    from server.cloud import ImageCloud

FIRST = ""  # the id of the object store of the settings
_MOST_PLACES = 10_000
_STUDIES = "studies/"

T = TypeVar("T")


@dataclass(frozen=True)
class Volume:
    """An opened object store with its place in the tiers."""

    volume_id: str
    name: str
    tier: Tier
    writable: bool
    store: ObjectStore


class PlacedStore:
    """An `ObjectStore` over all volumes. Objects of a cold volume have to be recalled first."""

    def __init__(
        self, database: Database, first: ObjectStore, open_url: Callable[[str], ObjectStore]
    ) -> None:
        self._database = database
        self._first = Volume(FIRST, "first", Tier.HOT, True, first)
        self._open_url = open_url
        self._opened: dict[str, Volume] = {}
        self._places: dict[str, str] = {}

    def volumes(self) -> tuple[Volume, ...]:
        """Return every volume as the database has it now, the first one before the others."""
        with self._database.session() as session:
            rows = session.scalars(select(StorageVolume).order_by(StorageVolume.created_at)).all()
        return (self._first, *(self._volume(row) for row in rows))

    def place(self, study_id: str) -> str:
        """Return the id of the volume that a study lies in, as the database has it now."""
        with self._database.session() as session:
            place = session.scalar(
                select(StudyArchive.volume_id).where(StudyArchive.study_id == study_id)
            )
        if len(self._places) >= _MOST_PLACES:
            self._places.clear()
        self._places[study_id] = place or FIRST
        return self._places[study_id]

    def target(self, tier: Tier) -> Volume | None:
        """Return the volume that new objects of a tier go to: the newest writable one."""
        fitting = [one for one in self.volumes() if one.tier == tier and one.writable]
        return fitting[-1] if fitting else None

    def put(self, key: str, data: bytes | Iterable[bytes]) -> None:
        """Store an object where its study lies, or where new objects go. Raises as the store."""
        self._writing_volume(key).store.put(key, data)

    def get(self, key: str) -> bytes:
        """Return an object. Raises ObjectMissingError, ObjectColdError."""
        return self._read(key, lambda store: store.get(key))

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return a part of an object. Raises ObjectMissingError, ObjectColdError."""
        return self._read(key, lambda store: store.get_range(key, start, length))

    def size(self, key: str) -> int:
        """Return the number of bytes of an object. Raises ObjectMissingError, ObjectColdError."""
        return self._read(key, lambda store: store.size(key))

    def modified_at(self, key: str) -> datetime:
        """Return when an object was stored. Raises ObjectMissingError, ObjectColdError."""
        return self._read(key, lambda store: store.modified_at(key))

    def exists(self, key: str) -> bool:
        """Tell whether there is an object of this key, in a cold volume too."""
        return any(volume.store.exists(key) for volume in self._most_likely_first(key))

    def delete(self, key: str) -> None:
        """Remove an object wherever it is; nothing happens when there is none."""
        for volume in self.volumes():
            volume.store.delete(key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys below a folder, in order, each once."""
        last = ""
        for key in merge(*(sorted(volume.store.keys(prefix)) for volume in self.volumes())):
            if key != last:
                yield key
            last = key

    def holders(self, key: str) -> list[Volume]:
        """Return the volumes in which an object lies, cold ones too; for those who keep house."""
        return [one for one in self._most_likely_first(key) if one.store.exists(key)]

    def get_anywhere(self, key: str) -> bytes:
        """Return an object even from a cold volume, for those who keep house.

        Raises ObjectMissingError.
        """
        for volume in self._most_likely_first(key):
            with contextlib.suppress(ObjectMissingError):
                return volume.store.get(key)
        raise ObjectMissingError(key)

    def sweep_incoming(self) -> int:
        """Clear folders of half-written files; other stores never show any."""
        stores = [volume.store for volume in self.volumes()]
        return sum(one.sweep_incoming() for one in stores if isinstance(one, FolderStore))

    def _volume(self, row: StorageVolume) -> Volume:
        known = self._opened.get(row.volume_id)
        if known is None or known.writable != row.writable or known.tier != row.tier:
            store = known.store if known else self._open_url(row.url)
            known = Volume(row.volume_id, row.name, Tier(row.tier), row.writable, store)
            self._opened[row.volume_id] = known
        return known

    def _writing_volume(self, key: str) -> Volume:
        study_id = _study_of(key)
        volumes = {volume.volume_id: volume for volume in self.volumes()}
        # A study of the past that grows again is written where everything new goes.
        placed = volumes.get(self.place(study_id), self._first) if study_id else self._first
        if placed.volume_id != FIRST and placed.writable and placed.tier is not Tier.COLD:
            return placed
        newest = [one for one in volumes.values() if one.tier is Tier.HOT and one.writable]
        return newest[-1] if study_id and newest else self._first

    def _read(self, key: str, read: Callable[[ObjectStore], T]) -> T:
        remembered = self._remembered(key)
        if remembered is not None and remembered.tier is not Tier.COLD:
            with contextlib.suppress(ObjectMissingError):
                return read(remembered.store)
        cold = False
        for volume in self._most_likely_first(key):
            if volume.tier is Tier.COLD:
                cold = cold or volume.store.exists(key)
                continue
            with contextlib.suppress(ObjectMissingError):
                return read(volume.store)
        raise ObjectColdError(key) if cold else ObjectMissingError(key)

    def _remembered(self, key: str) -> Volume | None:
        place = self._places.get(_study_of(key))
        return self._first if place == FIRST else self._opened.get(place or "")

    def _most_likely_first(self, key: str) -> list[Volume]:
        study_id = _study_of(key)
        place = self.place(study_id) if study_id else FIRST
        return sorted(self.volumes(), key=lambda volume: volume.volume_id != place)


def placed_store(cloud: ImageCloud) -> PlacedStore:
    """Return the volumes of a cloud, for those who keep house there. Raises TypeError."""
    if not isinstance(cloud.vault.store, PlacedStore):
        raise TypeError("this vault was opened on a single store")
    return cloud.vault.store


def _study_of(key: str) -> str:
    """Return the study that an object belongs to; "" for what belongs to none."""
    return key.split("/", 2)[1] if key.startswith(_STUDIES) and "/" in key else ""
