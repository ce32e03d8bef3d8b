"""Moving a study's objects between volumes so that no crash loses one (D-32).

Copy, read back and compare, switch the row, delete the sources: in that order. Whatever point a
process dies at, the objects are in the old place or in both; the next run goes on. From the switch
until the sources are gone the row says that they are not cleared.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from server import alarms, audit, clock
from server.archive.records import archive_row
from server.model import DataKey, Instance, Study, StudyArchive, Tier
from server.storage import (
    DataKeyDestroyedError,
    ObjectDamagedError,
    StorageError,
)
from server.storage.placed import FIRST, Volume, placed_store

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

DAMAGE_ALARM = "object_damaged"


class NoVolumeError(StorageError):
    """There is no writable volume of the tier; the study stays where it is."""


@dataclass(frozen=True)
class _Held:
    """Which volume holds which objects of a study; listed once a move."""

    volume: Volume
    keys: frozenset[str]


def move_study(cloud: ImageCloud, study_id: str, tier: Tier) -> int:
    """Bring all objects of a study to the volume of a tier; return how many were copied.

    Safe to call again at any time. Raises NoVolumeError; ObjectDamagedError when an object is not
    as it was received: then nothing was switched, and an alarm is open.
    """
    places = placed_store(cloud)
    target = places.target(tier)
    if target is None:
        raise NoVolumeError(f"没有可写的 {tier} 存储卷 / no writable volume of tier {tier}")
    copied = _bring(cloud, study_id, target, switch=True)
    places.place(study_id)
    log.info("study_moved", study_id=study_id, tier=tier.value, objects=copied)
    return copied


def finish_moves(cloud: ImageCloud) -> list[str]:
    """Go on with the moves that a crash left between switch and deletion; return the studies.

    Those of erased studies are left to `erasure.remove_erased`; a study that fails holds up no
    other and is tried again.
    """
    with cloud.database.session() as session:
        rows = session.execute(
            select(StudyArchive.study_id, StudyArchive.volume_id).where(
                StudyArchive.sources_cleared.is_(False), StudyArchive.erased_at.is_(None)
            )
        ).all()
    volumes = {volume.volume_id: volume for volume in placed_store(cloud).volumes()}
    finished = []
    for study_id, volume_id in rows:
        try:
            _bring(cloud, study_id, volumes[volume_id or FIRST], switch=False)
            finished.append(study_id)
        except StorageError as error:
            log.warning("move_not_finished", study_id=study_id, error=type(error).__name__)
    return finished


def _bring(cloud: ImageCloud, study_id: str, target: Volume, *, switch: bool) -> int:
    held = [
        _Held(volume, frozenset(volume.store.keys(f"studies/{study_id}")))
        for volume in placed_store(cloud).volumes()
    ]
    there = next(one.keys for one in held if one.volume.volume_id == target.volume_id)
    sources = [one for one in held if one.volume.volume_id != target.volume_id]
    copied = sum(
        _copy(cloud, study_id, key, source.volume, target, known=key in there)
        for source in sources
        for key in sorted(source.keys)
    )
    if switch:
        _switch(cloud, study_id, target)
    for source in sources:
        for key in source.keys:
            source.volume.store.delete(key)
    with cloud.database.session() as session:
        archive_row(session, study_id).sources_cleared = True
    return copied


def _copy(
    cloud: ImageCloud, study_id: str, key: str, source: Volume, target: Volume, *, known: bool
) -> bool:
    """Copy one object unless it is there already, and prove the copy; tell whether it was made."""
    data = source.store.get(key)
    _prove(cloud, study_id, key, data)
    if known and target.store.get(key) == data:
        return False
    target.store.put(key, data)
    if _digest(target.store.get(key)) != _digest(data):
        raise ObjectDamagedError(f"{key}: the copy differs from its source")
    return True


def _prove(cloud: ImageCloud, study_id: str, key: str, sealed: bytes) -> None:
    """Make sure that what is copied is whole: it decrypts, and an image is what was received."""
    try:
        plain = cloud.vault.unsealed(_data_key(cloud, study_id), key, sealed)
        with cloud.database.session() as session:
            expected = session.scalar(select(Instance.sha256).where(Instance.object_key == key))
        if expected is not None and _digest(plain) != expected:
            raise ObjectDamagedError(f"{key}: not the bytes that were received")
    except ObjectDamagedError:
        words = "移动前校验发现对象损坏 / found damaged before it was moved"
        alarms.raise_now(cloud, DAMAGE_ALARM, key, words)
        raise


def _data_key(cloud: ImageCloud, study_id: str) -> DataKey:
    with cloud.database.session() as session:
        data_key = session.scalars(
            select(DataKey)
            .join(Study, Study.data_key_id == DataKey.id)
            .where(Study.study_id == study_id)
        ).one()
    if data_key.wrapped_key is None:
        raise DataKeyDestroyedError(f"data key {data_key.id} was destroyed")
    return data_key


def _switch(cloud: ImageCloud, study_id: str, target: Volume) -> None:
    with cloud.database.session() as session:
        row = archive_row(session, study_id)
        before = Tier(row.tier)
        row.tier, row.volume_id = target.tier, target.volume_id or None
        row.moved_at, row.sources_cleared = clock.now(), False
        audit.record(
            session,
            actor_kind="system",
            actor="archive",
            event="archive_tier_changed",
            object_kind="study",
            object_id=study_id,
            detail={"from": before.value, "to": target.tier.value, "volume": target.name},
        )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
