"""The second store: a sealed copy of every image, made within a minute of its arrival (F-19).

Copies are made by the worker, not in step with the upload: an upload is acknowledged when the first
store has it, and a slow or absent replica holds nobody up. So the recovery point of the replica is
a minute, and `pending` tells how many images have no second copy yet. Prepared pictures are not
copied: they are made anew from the images.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import func, select

from server import alarms
from server.model import DataKey, Instance, ReplicaCopy, Series, Study
from server.storage import ObjectMissingError, StorageError, open_store
from server.storage.endpoints import check_endpoint
from server.storage.placed import placed_store
from server.storage.store import ObjectStore

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

REPLICA_ALARM = "replica_unreachable"
_BATCH = 200


def open_replica(cloud: ImageCloud) -> ObjectStore | None:
    """Return the second store; None where none is configured. Raises StorageError."""
    url = cloud.settings.replica_store_url
    if url is None:
        return None
    check_endpoint(url, cloud.settings.storage_endpoints)
    return open_store(url)


def pending(cloud: ImageCloud) -> int:
    """Return how many images have no second copy yet."""
    with cloud.database.session() as session:
        count = session.scalar(
            select(func.count(Instance.id))
            .outerjoin(ReplicaCopy, ReplicaCopy.instance_id == Instance.id)
            .where(ReplicaCopy.instance_id.is_(None))
        )
    return int(count or 0)


def copy_new(cloud: ImageCloud) -> int:
    """Copy the images that are not in the second store yet; return how many were copied.

    A store that does not answer raises an alarm and leaves the rest to the next minute.
    """
    try:
        store = open_replica(cloud)
        copied = 0 if store is None else _copy_all(cloud, store)
    except StorageError as error:
        words = f"副本存储不可用：{error} / the second store cannot be used: {error}"
        alarms.raise_now(cloud, REPLICA_ALARM, "replica", words)
        return 0
    if copied:
        with cloud.database.session() as session:
            alarms.settle(session, REPLICA_ALARM, "replica")
    return copied


def repair(cloud: ImageCloud, instance: Instance, data_key: DataKey) -> bool:
    """Restore an image from its second copy; tell whether that could be done.

    The copy is proven first: it decrypts to the bytes that were received. Raises StorageError when
    a store cannot be reached.
    """
    store = open_replica(cloud)
    if store is None or not _is_whole(cloud, store, instance, data_key):
        return False
    places = placed_store(cloud)
    sealed = store.get(instance.object_key)
    for volume in places.holders(instance.object_key):
        volume.store.put(instance.object_key, sealed)
        return True
    places.put(instance.object_key, sealed)
    return True


def _is_whole(cloud: ImageCloud, store: ObjectStore, instance: Instance, data_key: DataKey) -> bool:
    try:
        sealed = store.get(instance.object_key)
        plain = cloud.vault.unsealed(data_key, instance.object_key, sealed)
    except StorageError:
        return False
    return hashlib.sha256(plain).hexdigest() == instance.sha256


def _copy_all(cloud: ImageCloud, store: ObjectStore) -> int:
    copied, after = 0, 0
    while rows := _uncopied(cloud, after):
        for instance_id, key in rows:
            copied += _copy_one(cloud, store, instance_id, key)
            after = instance_id
    return copied


def _uncopied(cloud: ImageCloud, after: int) -> list[tuple[int, str]]:
    with cloud.database.session() as session:
        rows = session.execute(
            select(Instance.id, Instance.object_key)
            .join(Series, Series.series_id == Instance.series_id)
            .join(Study, Study.study_id == Series.study_id)
            .join(DataKey, DataKey.id == Study.data_key_id)
            .outerjoin(ReplicaCopy, ReplicaCopy.instance_id == Instance.id)
            .where(ReplicaCopy.instance_id.is_(None), DataKey.destroyed_at.is_(None))
            .where(Instance.id > after)
            .order_by(Instance.id)
            .limit(_BATCH)
        )
        return [(instance_id, key) for instance_id, key in rows]


def _copy_one(cloud: ImageCloud, store: ObjectStore, instance_id: int, key: str) -> int:
    try:
        sealed = placed_store(cloud).get_anywhere(key)
    except ObjectMissingError:
        log.warning("object_missing", object_key=key)
        return 0  # the scrub finds and reports it
    store.put(key, sealed)
    with cloud.database.session() as session:
        # The instance may be gone meanwhile, or another worker may have been faster.
        if session.get(Instance, instance_id) and not session.get(ReplicaCopy, instance_id):
            session.add(ReplicaCopy(instance_id=instance_id))
    return 1
