"""Whether every stored object is still what was received (F-14)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from server.model import DataKey, Instance, Series, Study
from server.storage.errors import (
    ObjectDamagedError,
    ObjectMissingError,
    StorageError,
)
from server.storage.placed import placed_store

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_BATCH = 500
KEY_DESTROYED = "key_destroyed"


@dataclass(frozen=True)
class StorageFault:
    """One object that is not as received; names no patient."""

    study_id: str
    object_key: str
    reason: str  # "missing", "damaged", "altered", "key_destroyed" or "unreadable"
    message: str  # Chinese / English


@dataclass(frozen=True)
class StorageVerdict:
    """What `verify_storage` found."""

    checked: int
    faults: tuple[StorageFault, ...]
    repaired: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify_storage(
    cloud: ImageCloud,
    *,
    progress: Callable[[int, int], None] | None = None,
    mend: Callable[[StorageFault, Instance, DataKey], bool] | None = None,
) -> StorageVerdict:
    """Read and decrypt every instance and compare its SHA-256 with the recorded one.

    Holds one object in memory at a time; `progress(done, total)` after each. `mend` is called for
    each fault and tells whether it could be repaired (server.archive.scrub). An instance whose key
    was destroyed counts as checked.
    """
    with cloud.database.session() as session:
        total = session.scalar(select(func.count(Instance.id))) or 0
    faults: list[StorageFault] = []
    checked = last_id = repaired = 0
    while rows := instances_after(cloud, last_id):
        for instance, study_id, data_key in rows:
            fault = check_instance(cloud, instance, study_id, data_key)
            if fault is not None and fault.reason == KEY_DESTROYED:
                fault = None  # erased on purpose (F-32): there is nothing left to verify
            elif fault is not None and mend is not None and mend(fault, instance, data_key):
                repaired, fault = repaired + 1, None
            faults += [fault] if fault else []
            checked, last_id = checked + 1, instance.id
            if progress is not None:
                progress(checked, total)
    return StorageVerdict(checked, tuple(faults), repaired)


def instances_after(cloud: ImageCloud, after: int) -> list[tuple[Instance, str, DataKey]]:
    """Return the next instances after an id with study and data key, at most 500.

    Short transactions, because reading objects takes long.
    """
    with cloud.database.session() as session:
        found = session.execute(
            select(Instance, Study.study_id, DataKey)
            .join(Series, Series.series_id == Instance.series_id)
            .join(Study, Study.study_id == Series.study_id)
            .join(DataKey, DataKey.id == Study.data_key_id)
            .where(Instance.id > after)
            .order_by(Instance.id)
            .limit(_BATCH)
        )
        return [(instance, study_id, data_key) for instance, study_id, data_key in found]


def check_instance(
    cloud: ImageCloud, instance: Instance, study_id: str, data_key: DataKey
) -> StorageFault | None:
    """Read one instance, wherever it lies, and say what is wrong with it, if anything is."""
    reason, message = _check(cloud, instance, data_key)
    return StorageFault(study_id, instance.object_key, reason, message) if reason else None


def _check(cloud: ImageCloud, instance: Instance, data_key: DataKey) -> tuple[str, str]:
    if data_key.wrapped_key is None:
        return KEY_DESTROYED, "数据密钥已销毁 / the data key was destroyed"
    try:
        sealed = placed_store(cloud).get_anywhere(instance.object_key)
        data = cloud.vault.unsealed(data_key, instance.object_key, sealed)
    except ObjectMissingError:
        return "missing", "对象丢失 / the object is missing"
    except ObjectDamagedError as error:
        return "damaged", f"对象损坏 / the object is damaged: {error}"
    except StorageError as error:
        return "unreadable", f"对象无法读取 / the object cannot be read: {error}"
    if hashlib.sha256(data).hexdigest() != instance.sha256:
        return "altered", "内容与入库时的摘要不符 / not the bytes that were received"
    return "", ""
