"""Storage policy: the volumes, where new objects go, from which level on an alarm is raised.

(D-05, D-13, D-14.) The rows are the policy: the console and the command line change them, and every
process follows at its next write, without a restart.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, false, func, or_, select
from sqlalchemy.orm import Session

from server import alarms, audit
from server.model import Instance, Series, StorageVolume, StudyArchive, Tier
from server.storage import StorageError, open_store
from server.storage.endpoints import check_endpoint
from server.storage.folder import FolderStore
from server.storage.placed import FIRST, Volume, placed_store

if TYPE_CHECKING:
    from server.cloud import ImageCloud

FULL_ALARM = "storage_level"
FIRST_ALARM_PERCENT = 70  # K-10
_PROBE = "probe/volume"


class VolumeError(ValueError):
    """A volume cannot be used so; the message says why, Chinese / English."""


@dataclass(frozen=True)
class VolumeUse:
    """How full a volume is; bytes, None where the store cannot say."""

    volume_id: str
    name: str
    tier: Tier
    writable: bool
    used_bytes: int
    capacity_bytes: int | None
    alarm_percent: int

    @property
    def percent(self) -> int | None:
        """Used share of the capacity, in whole percent, rounded up."""
        if not self.capacity_bytes:
            return None
        return -(-100 * self.used_bytes // self.capacity_bytes)

    @property
    def too_full(self) -> bool:
        """Whether the level is above the alarm's threshold (D-14)."""
        return self.percent is not None and self.percent > self.alarm_percent


def add_volume(
    cloud: ImageCloud,
    *,
    name: str,
    url: str,
    tier: Tier,
    alarm_percent: int = FIRST_ALARM_PERCENT,
    capacity_bytes: int | None = None,
    actor_kind: str = "system",
    actor: str = "operator",
) -> StorageVolume:
    """Add a volume while the product runs; new objects of its tier go there from now on. Audited.

    It is written to, read from and cleared before it is taken. Credentials never stand in the
    address. Raises VolumeError; ForeignEndpointError for a store outside the region (D-54).
    """
    _check(name, url, alarm_percent)
    check_endpoint(url, cloud.settings.storage_endpoints)
    _probe(url)
    with cloud.database.session() as session:
        if session.scalar(select(StorageVolume.volume_id).where(StorageVolume.name == name)):
            raise VolumeError(f"已有名为 {name} 的存储卷 / there is a volume {name} already")
        volume = StorageVolume(
            name=name,
            url=url,
            tier=tier,
            alarm_percent=alarm_percent,
            capacity_bytes=capacity_bytes,
        )
        session.add(volume)
        session.flush()
        _record(session, volume, "storage_volume_added", actor_kind, actor)
    return volume


def change_volume(
    cloud: ImageCloud,
    volume_id: str,
    *,
    writable: bool | None = None,
    alarm_percent: int | None = None,
    capacity_bytes: int | None = None,
    actor_kind: str = "system",
    actor: str = "operator",
) -> None:
    """Change the policy of a volume; None leaves as it is. Audited. Raises VolumeError."""
    with cloud.database.session() as session:
        volume = session.get(StorageVolume, volume_id)
        if volume is None:
            raise VolumeError(f"没有存储卷 {volume_id} / there is no volume {volume_id}")
        if writable is not None:
            volume.writable = writable
        if alarm_percent is not None:
            _check(volume.name, volume.url, alarm_percent)
            volume.alarm_percent = alarm_percent
        if capacity_bytes is not None:
            volume.capacity_bytes = capacity_bytes
        _record(session, volume, "storage_volume_changed", actor_kind, actor)


def volume_uses(cloud: ImageCloud, session: Session) -> list[VolumeUse]:
    """Return how full each volume is, the first one before the others (D-14).

    A folder is asked for its file system; of another store the sizes of its images count.
    """
    rows = {row.volume_id: row for row in session.scalars(select(StorageVolume))}
    stored = _stored_bytes(session)
    return [
        _use(volume, rows.get(volume.volume_id), stored.get(volume.volume_id, 0))
        for volume in placed_store(cloud).volumes()
    ]


def watch_levels(cloud: ImageCloud) -> list[VolumeUse]:
    """Raise an alarm for each volume above its threshold, settle those below; return the uses."""
    with cloud.database.session() as session:
        uses = volume_uses(cloud, session)
        for use in uses:
            if not use.too_full:
                alarms.settle(session, FULL_ALARM, use.name)
                continue
            words = (
                f"存储卷 {use.name} 已用 {use.percent}%，超过 {use.alarm_percent}% / "
                f"volume {use.name} is {use.percent}% full, above {use.alarm_percent}%"
            )
            alarms.raise_alarm(session, FULL_ALARM, use.name, words)
    return uses


def _stored_bytes(session: Session) -> dict[str, int]:
    """Return the bytes of images by volume, as they were received.

    What was moved has its volume on record. What never was lies in the volume that was the newest
    hot one when it arrived; a volume that was closed in between counts a little much by that.
    """
    moved = session.execute(
        _sizes(StudyArchive.volume_id, func.sum(Instance.size))
        .where(StudyArchive.volume_id.is_not(None))
        .group_by(StudyArchive.volume_id)
    )
    sums = {str(volume_id): int(total) for volume_id, total in moved}
    hot = select(StorageVolume.volume_id, StorageVolume.created_at).where(
        StorageVolume.tier == Tier.HOT
    )
    newest = [(FIRST, None), *session.execute(hot.order_by(StorageVolume.created_at))]
    for (volume_id, since), (_next, until) in zip(newest, [*newest[1:], ("", None)], strict=True):
        arrived = _sizes(func.sum(Instance.size)).where(StudyArchive.volume_id.is_(None))
        if volume_id != FIRST:
            arrived = arrived.where(Instance.received_at >= since, StudyArchive.moved_at.is_(None))
        if until is not None:
            moved_back = StudyArchive.moved_at.is_not(None) if volume_id == FIRST else false()
            arrived = arrived.where(or_(Instance.received_at < until, moved_back))
        sums[volume_id] = sums.get(volume_id, 0) + int(session.scalar(arrived) or 0)
    return sums


def _sizes(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(Instance)
        .join(Series, Series.series_id == Instance.series_id)
        .outerjoin(StudyArchive, StudyArchive.study_id == Series.study_id)
    )


def _use(volume: Volume, row: StorageVolume | None, stored: int) -> VolumeUse:
    used, capacity = stored, row.capacity_bytes if row else None
    if isinstance(volume.store, FolderStore) and capacity is None:
        disk = shutil.disk_usage(volume.store.root)
        used, capacity = disk.used, disk.total
    return VolumeUse(
        volume_id=volume.volume_id,
        name=volume.name,
        tier=volume.tier,
        writable=volume.writable,
        used_bytes=used,
        capacity_bytes=capacity,
        alarm_percent=row.alarm_percent if row else FIRST_ALARM_PERCENT,
    )


def _check(name: str, url: str, alarm_percent: int) -> None:
    if not name or len(name) > 100 or len(url) > 500:
        raise VolumeError("存储卷的名称或地址过长或为空 / the name or address is too long or empty")
    if "@" in url or "secret" in url.lower():
        raise VolumeError(
            "地址中不得含凭据，请用环境变量 / no credentials in the address; use the environment"
        )
    if url.startswith("memory:"):
        raise VolumeError("内存不是存储卷，重启即丢失 / memory is no volume: a restart loses it")
    if not 1 <= alarm_percent <= 99:
        raise VolumeError("告警阈值为 1 至 99 / the threshold is between 1 and 99")


def _probe(url: str) -> None:
    """Write, read and remove an object. Raises VolumeError."""
    try:
        store = open_store(url)
        store.put(_PROBE, b"yingyun")
        whole = store.get(_PROBE) == b"yingyun"
        store.delete(_PROBE)
    except (StorageError, OSError) as error:
        raise VolumeError(f"存储卷无法使用 / the volume cannot be used: {error}") from error
    if not whole:
        raise VolumeError("存储卷读回的内容不符 / the volume gives back other bytes")


def _record(
    session: Session, volume: StorageVolume, event: str, actor_kind: str, actor: str
) -> None:
    audit.record(
        session,
        actor_kind=actor_kind,
        actor=actor,
        event=event,
        object_kind="storage_volume",
        object_id=volume.volume_id,
        detail={
            "name": volume.name,
            "tier": Tier(volume.tier).value,
            "writable": volume.writable,
            "alarm_percent": volume.alarm_percent,
            "capacity_bytes": volume.capacity_bytes,
        },
    )
