"""The scrub: stored images are read, checked and repaired, a part at a time, for ever (F-19)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.orm import Session

from server import alarms, audit, clock
from server.archive import replica
from server.archive.moves import DAMAGE_ALARM
from server.model import ArchiveProgress, DataKey, Instance
from server.storage import StorageError
from server.storage.verify import KEY_DESTROYED, StorageFault, check_instance, instances_after

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

_NAME = "scrub"


@dataclass(frozen=True)
class ScrubResult:
    """What one part of a scrub found."""

    checked: int
    checked_bytes: int
    faults: tuple[StorageFault, ...]
    repaired: tuple[str, ...]  # object keys


def scrub(cloud: ImageCloud, most_bytes: int) -> ScrubResult:
    """Check images from where the last part ended, about `most_bytes` of them; repair what can be.

    Each fault opens an alarm; one that was repaired is on record with what was done. After the last
    image the next part begins with the first.
    """
    position, checked, read = _position(cloud), 0, 0
    faults: list[StorageFault] = []
    repaired: list[str] = []
    while read < most_bytes:
        rows = instances_after(cloud, position)
        if not rows:
            position = 0
            break
        for instance, study_id, data_key in rows:
            if fault := check_instance(cloud, instance, study_id, data_key):
                faults.append(fault)
                repaired += [fault.object_key] if mend(cloud, fault, instance, data_key) else []
            position, checked, read = instance.id, checked + 1, read + instance.size
            if read >= most_bytes:
                break
    _save(cloud, position)
    return ScrubResult(checked, read, tuple(faults), tuple(repaired))


def mend(cloud: ImageCloud, fault: StorageFault, instance: Instance, data_key: DataKey) -> bool:
    """Repair a faulty image from the second store, audited; raise an alarm where that fails."""
    if fault.reason == KEY_DESTROYED:
        return False  # destroyed on purpose
    try:
        repaired = replica.repair(cloud, instance, data_key)
    except StorageError as error:
        log.warning("repair_failed", object_key=fault.object_key, error=type(error).__name__)
        repaired = False
    with cloud.database.session() as session:
        if repaired:
            alarms.settle(session, DAMAGE_ALARM, fault.object_key)
        else:
            alarms.raise_alarm(session, DAMAGE_ALARM, fault.object_key, fault.message)
        _record(session, fault, repaired)
    return repaired


def _record(session: Session, fault: StorageFault, repaired: bool) -> None:
    audit.record(
        session,
        actor_kind="system",
        actor="archive",
        event="object_repaired" if repaired else "object_damaged",
        object_kind="study",
        object_id=fault.study_id,
        result="success" if repaired else "failure",
        reason=fault.reason,
        detail={"object_key": fault.object_key},
    )


def _position(cloud: ImageCloud) -> int:
    with cloud.database.session() as session:
        progress = session.get(ArchiveProgress, _NAME)
        return progress.position if progress else 0


def _save(cloud: ImageCloud, position: int) -> None:
    with cloud.database.session() as session:
        progress = session.get(ArchiveProgress, _NAME)
        if progress is None:
            session.add(ArchiveProgress(name=_NAME, position=position))
        else:
            progress.position, progress.updated_at = position, clock.now()
