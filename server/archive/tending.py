"""What the worker does for the archive: moves, recalls, copies, checks, watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from server import alarms, backup, clock
from server.archive import erasure, moves, policy, recalls, replica, scrub, volumes
from server.archive.records import age_of
from server.model import ProcessingState, Study, StudyArchive, Tier
from server.storage import StorageError
from server.storage.placed import placed_store

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

BACKUP_ALARM = "backup_failed"
_MOST_MOVES = 200  # an hour; the rest follows in the next


def every_minute(cloud: ImageCloud) -> None:
    """Copy new images to the replica, and watch the deadlines of recalls."""
    replica.copy_new(cloud)
    recalls.watch_deadlines(cloud)


def every_hour(cloud: ImageCloud) -> None:
    """Move what has changed its tier, remove what was erased, check a part of what is stored.

    What fails holds up nothing else, the backup least of all; the first failure is raised again
    at the end.
    """
    failures: list[Exception] = []
    for step in (
        moves.finish_moves,
        move_due,
        _recall_what_waits_for_pictures,
        _remove_erased,
        lambda one: scrub.scrub(one, one.settings.scrub_megabytes * 1_000_000),
        volumes.watch_levels,
        _back_up,
    ):
        try:
            step(cloud)
        except Exception as error:
            # Stores fail in many ways, and each step stands for itself.
            log.exception("tending_failed")
            failures.append(error)
    if failures:
        raise failures[0]


def _remove_erased(cloud: ImageCloud) -> None:
    try:
        second = replica.open_replica(cloud)
    except StorageError:
        second = None  # its alarm is open; what lies there goes once it answers
    erasure.remove_erased(cloud, second)


def _back_up(cloud: ImageCloud) -> None:
    """Back up where the settings say so; a backup that fails raises an alarm (K-11)."""
    folder = cloud.settings.backup_dir
    if folder is None:
        return
    try:
        backup.back_up(cloud, folder)
    except (backup.BackupError, StorageError, OSError) as error:
        words = f"备份失败：{error} / the backup failed: {error}"
        alarms.raise_now(cloud, BACKUP_ALARM, "backup", words)
        return
    with cloud.database.session() as session:
        alarms.settle(session, BACKUP_ALARM, "backup")


def move_due(cloud: ImageCloud) -> list[str]:
    """Move the studies that belong in another tier by the policy; return which (D-32).

    A tier without a volume is none: its studies stay where they are.
    """
    moved = []
    for study_id, tier in _due(cloud)[:_MOST_MOVES]:
        try:
            moves.move_study(cloud, study_id, tier)
            moved.append(study_id)
        except StorageError as error:
            log.warning("study_not_moved", study_id=study_id, error=type(error).__name__)
    return moved


def _due(cloud: ImageCloud) -> list[tuple[str, Tier]]:
    rules = policy.profile(cloud.settings.archive_profile)
    present = {volume.tier for volume in placed_store(cloud).volumes() if volume.writable}
    if present == {Tier.HOT}:
        return []
    now = clock.now()
    with cloud.database.session() as session:
        rows = session.execute(
            select(Study, StudyArchive)
            .outerjoin(StudyArchive, StudyArchive.study_id == Study.study_id)
            .where(Study.state != ProcessingState.PENDING)
            .order_by(Study.study_datetime)
            .execution_options(yield_per=1000)
        )
        due = []
        for study, row in rows:
            if row is not None and row.erased_at is not None:
                continue
            wanted = policy.tier_of(rules, age_of(study, row), now)
            is_in = Tier(row.tier) if row is not None else Tier.HOT
            # Out of the cold a study comes by a recall, when somebody wants it.
            if wanted != is_in and is_in is not Tier.COLD and wanted in present:
                due.append((study.study_id, wanted))
    return due


def _recall_what_waits_for_pictures(cloud: ImageCloud) -> None:
    """Bring back cold studies that got new objects: pictures are made of all of them."""
    with cloud.database.session() as session:
        waiting = session.scalars(
            select(Study.study_id)
            .join(StudyArchive, StudyArchive.study_id == Study.study_id)
            .where(Study.state == ProcessingState.PENDING, StudyArchive.tier == Tier.COLD)
        ).all()
        for study_id in waiting:
            recalls.order(session, study_id, None)
    for study_id in waiting:
        cloud.jobs.recall_study(study_id)
