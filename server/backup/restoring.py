"""Restoring a backup into an empty home (F-31)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sqlalchemy import select

from server import audit
from server.backup import database
from server.backup.errors import BackupError
from server.backup.making import OBJECTS, BackupResult, read_description
from server.checkpoints import FILE_NAME as CHECKPOINTS
from server.cloud import ImageCloud, check_master_key, open_cloud, upgrade_database
from server.model import StorageVolume, StudyArchive, Tier
from server.settings import Settings
from server.storage.folder import FolderStore


def restore(folder: Path, settings: Settings, keys: Path) -> ImageCloud:
    """Restore a backup into the empty home, database and object store of the settings.

    All objects come into the first object store; the tiers fill again by policy. `keys` is the key
    file that was kept apart. A backup made by an older version is migrated. Audited.
    Raises BackupError, before anything is written, for a home or backup that does not fit;
    KeyFileError for the wrong keys.
    """
    described = read_description(folder)
    _check(folder, settings, described, keys)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    _place_keys(keys, settings.master_key_file)
    database.load(folder / database.FILE_NAMES[described.database], settings.database_url)
    if (folder / CHECKPOINTS).exists():
        shutil.copyfile(folder / CHECKPOINTS, settings.home / CHECKPOINTS)
    upgrade_database(settings)
    cloud = open_cloud(settings)
    check_master_key(cloud)
    _forget_volumes(cloud)
    backup = FolderStore(folder / OBJECTS)
    for key in backup.keys():  # noqa: SIM118 - a store, no mapping
        cloud.vault.store.put(key, backup.get(key))
    with cloud.database.session() as session:
        audit.record(
            session,
            actor_kind="system",
            actor="backup",
            event="backup_restored",
            detail={"taken_at": described.taken_at},
        )
    return cloud


def _check(folder: Path, settings: Settings, described: BackupResult, keys: Path) -> None:
    if described.database != database.kind_of(settings.database_url):
        raise BackupError(
            f"备份来自 {described.database}，目标数据库不同 / the backup is of another database"
        )
    if not keys.is_file():
        raise BackupError(f"没有密钥文件 {keys} / no key file at {keys}")
    if settings.home.exists() and any(settings.home.iterdir()):
        raise BackupError(f"{settings.home} 不为空，不会覆盖 / is not empty and stays as it is")
    if not (folder / OBJECTS).is_dir():
        raise BackupError(f"{folder} 中没有对象 / holds no objects")


def _place_keys(keys: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(keys.read_bytes())


def _forget_volumes(cloud: ImageCloud) -> None:
    """Let every study lie in the first store: the volumes of then are not here."""
    with cloud.database.session() as session:
        for row in session.scalars(select(StudyArchive)):
            row.tier, row.volume_id, row.sources_cleared = Tier.HOT, None, True
        session.flush()
        for volume in session.scalars(select(StorageVolume)):
            session.delete(volume)
