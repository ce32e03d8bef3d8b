"""Removing objects that no row names: what a crash between storing and indexing leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from server import clock
from server.model import Instance
from server.storage import ObjectMissingError

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_MARGIN = timedelta(hours=24)  # far longer than any transaction that may still name the object


def sweep_orphans(cloud: ImageCloud, *, older_than: timedelta = _MARGIN) -> tuple[str, ...]:
    """Delete stored instances without a row; return their keys.

    Only objects older than the margin, because a younger one may be in the middle of its ingest.
    Safe at any time: a key is never used twice. Prepared pictures are not touched.
    """
    limit = clock.now() - older_than
    store = cloud.vault.store
    removed = []
    for key in store.keys("studies"):
        if "/instances/" not in key:
            continue
        try:
            old = store.modified_at(key) <= limit
        except ObjectMissingError:
            continue
        if old and not _is_indexed(cloud, key):
            cloud.vault.delete(key)
            removed.append(key)
    return tuple(removed)


def _is_indexed(cloud: ImageCloud, object_key: str) -> bool:
    with cloud.database.session() as session:
        row = session.scalar(select(Instance.id).where(Instance.object_key == object_key))
        return row is not None
