"""Crypto-erase: the data key of a study is destroyed, so that no copy anywhere can be read (F-32).

The destroyed key is what counts: it is committed first. Objects are removed afterwards, from every
volume and the replica; what a crash leaves of them is unreadable, and the next tending removes it.
A backup holds the wrapped key of its time: `docs/archive.md` says how long backups are kept.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from server import audit, clock
from server.archive.records import archive_row
from server.model import DataKey, InstitutionKey, Study, StudyArchive
from server.storage.placed import placed_store
from server.storage.store import ObjectStore

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_LOOKED_AFTER = timedelta(days=30)


def destroy_key(data_key: DataKey) -> bool:
    """Destroy a data key, a row of the caller's transaction; tell whether it still was."""
    if data_key.wrapped_key is None:
        return False
    data_key.wrapped_key = None
    data_key.destroyed_at = clock.now()
    return True


def erase_study(
    session: Session, study: Study, *, actor_kind: str, actor: str, reason: str
) -> None:
    """Destroy a study's data key, audited; its objects go with `remove_erased` after the commit."""
    destroy_key(study.data_key)
    archive_row(session, study.study_id).erased_at = clock.now()
    audit.record(
        session,
        actor_kind=actor_kind,
        actor=actor,
        event="study_erased",
        object_kind="study",
        object_id=study.study_id,
        reason=reason,
        detail={"data_key": study.data_key_id},
    )


def erase_institution(
    session: Session, institution_id: int, *, actor_kind: str, actor: str, reason: str
) -> int:
    """Destroy the keys of all studies of an institution and its transfer keys, audited (F-38).

    Returns the number of studies. A study under legal hold is left, because it must be kept.
    """
    held = select(StudyArchive.study_id).where(StudyArchive.legal_hold)
    studies = session.scalars(
        select(Study).where(Study.institution_id == institution_id, Study.study_id.not_in(held))
    ).all()
    for study in studies:
        destroy_key(study.data_key)
        archive_row(session, study.study_id).erased_at = clock.now()
    for key in session.scalars(
        select(InstitutionKey).where(InstitutionKey.institution_id == institution_id)
    ):
        destroy_key(key.data_key)
    audit.record(
        session,
        actor_kind=actor_kind,
        actor=actor,
        event="institution_erased",
        object_kind="institution",
        object_id=str(institution_id),
        reason=reason,
        detail={"studies": [study.study_id for study in studies]},
    )
    return len(studies)


def is_erased(session: Session, study_id: str) -> bool:
    """Whether a study was erased."""
    erased = select(StudyArchive.erased_at).where(StudyArchive.study_id == study_id)
    return session.scalar(erased) is not None


def not_erased() -> ColumnElement[bool]:
    """Return the condition on Study for what was not erased: of the rest, no image can be read
    any more, and whom it showed is told to nobody who asks for images."""
    erased = select(StudyArchive.study_id).where(
        StudyArchive.study_id == Study.study_id, StudyArchive.erased_at.is_not(None)
    )
    return ~erased.correlate(Study).exists()


def remove_erased(cloud: ImageCloud, replica: ObjectStore | None = None) -> int:
    """Remove what is left of the objects of erased studies; return how many objects went."""
    since = clock.now() - _LOOKED_AFTER
    with cloud.database.session() as session:
        studies = session.scalars(
            select(StudyArchive.study_id).where(StudyArchive.erased_at >= since)
        ).all()
    stores: list[ObjectStore] = [placed_store(cloud), *([replica] if replica else [])]
    removed = 0
    for study_id in studies:
        for store in stores:
            for key in list(store.keys(f"studies/{study_id}")):
                store.delete(key)
                removed += 1
    return removed
