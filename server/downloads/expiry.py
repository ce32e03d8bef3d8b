"""Archives that nobody may fetch any more are deleted; their records stay (下载记录)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update

from server import audit, clock
from server.downloads import parts
from server.downloads.packing import FOLDER
from server.model import Download

if TYPE_CHECKING:
    from server.cloud import ImageCloud


def remove_ended(cloud: ImageCloud) -> int:
    """Delete the bytes of downloads that have expired or were taken back; return how many went.

    Each deletion is audited. Safe at any time, repeatable. Raises StorageError.
    """
    ended = or_(Download.expires_at <= clock.now(), Download.revoked_at.is_not(None))
    wanted = select(Download.download_id).where(ended, Download.removed_at.is_(None))
    with cloud.database.session() as session:
        found = session.scalars(wanted).all()
    for download_id in found:
        parts.remove(cloud.vault, f"{FOLDER}/{download_id}")
        with cloud.database.session() as session:
            session.execute(
                update(Download)
                .where(Download.download_id == download_id)
                .values(removed_at=clock.now())
            )
            audit.record(
                session,
                actor_kind="system",
                actor="worker",
                event="download.remove",
                object_kind="download",
                object_id=download_id,
            )
    return len(found)
