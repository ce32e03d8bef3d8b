"""Making a backup: database first, then the objects it names (F-31, K-12)."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from server import audit, clock
from server.backup import database
from server.backup.errors import BackupError
from server.checkpoints import FILE_NAME as CHECKPOINTS
from server.files import sync_folder
from server.model import AuditEvent
from server.storage import ObjectMissingError
from server.storage.folder import FolderStore
from server.storage.placed import placed_store

if TYPE_CHECKING:
    from server.cloud import ImageCloud

FORMAT = 1
DESCRIPTION, OBJECTS = "backup.json", "objects"
MADE, DRILLED = "backup_made", "backup_drill"
_AUDIT_BATCH = 1000


@dataclass(frozen=True)
class BackupResult:
    """What a backup is; written into it as `backup.json`."""

    format: int
    taken_at: str  # ISO 8601: everything acknowledged before is in it
    database: str
    audit_entries: int
    new_objects: int
    new_bytes: int


def back_up(cloud: ImageCloud, folder: Path) -> BackupResult:
    """Bring a backup folder up to date; what is there already is not copied again.

    The database is taken first. An object is stored before its row, so all that the snapshot names
    is there when the objects are copied. Audited. Raises BackupError, StorageError.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    taken_at = clock.now()
    database.dump(cloud.settings.database_url, folder)
    entries = _copy_audit_log(cloud, folder)
    objects, size = _copy_objects(cloud, folder / OBJECTS)
    _copy_checkpoints(cloud, folder)
    result = BackupResult(
        format=FORMAT,
        taken_at=taken_at.isoformat(),
        database=database.kind_of(cloud.settings.database_url),
        audit_entries=entries,
        new_objects=objects,
        new_bytes=size,
    )
    _write(folder / DESCRIPTION, json.dumps(asdict(result), indent=1).encode())
    with cloud.database.session() as session:
        audit.record(
            session,
            actor_kind="system",
            actor="backup",
            event=MADE,
            detail={"objects": objects, "bytes": size, "audit_entries": entries},
        )
    return result


def copy_keys(cloud: ImageCloud, target: Path) -> None:
    """Write the keys to a file apart from the backup, readable by its owner alone; audited.

    Raises BackupError for a place inside a backup folder.
    """
    if any((parent / DESCRIPTION).exists() for parent in target.resolve().parents):
        raise BackupError("密钥不得与备份放在一起 / keys must not lie in a backup")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(target, cloud.settings.master_key_file.read_bytes())
    with cloud.database.session() as session:
        audit.record(
            session,
            actor_kind="system",
            actor="backup",
            event="keys_copied",
            detail={"key_ids": list(cloud.master_key.key_ids)},
        )


def read_description(folder: Path) -> BackupResult:
    """Return what a backup says of itself. Raises BackupError."""
    try:
        found = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        result = BackupResult(**found)
    except (OSError, ValueError, TypeError) as error:
        raise BackupError(f"{folder} 不是备份 / is no backup") from error
    if result.format != FORMAT:
        raise BackupError(f"备份格式 {result.format} 未知 / unknown format of a backup")
    return result


def _copy_objects(cloud: ImageCloud, folder: Path) -> tuple[int, int]:
    """Copy what the backup does not have; an object is never changed under its key."""
    places, target = placed_store(cloud), FolderStore(folder)
    known = set(target.keys())
    copied = size = 0
    for key in places.keys():  # noqa: SIM118 - a store, no mapping
        if key in known:
            continue
        try:
            sealed = places.get_anywhere(key)
        except ObjectMissingError:
            continue  # removed since it was listed: a replaced picture, an ended download
        target.put(key, sealed)
        copied, size = copied + 1, size + len(sealed)
    return copied, size


def _copy_audit_log(cloud: ImageCloud, folder: Path) -> int:
    """Append the entries that no file has yet, in a file of their own; return how many there are.

    Files are written once and never touched again, so they may go to write-once media (F-12).
    """
    done = sum(_count(path) for path in folder.glob("audit-[0-9]*.jsonl"))
    with cloud.database.session() as session:
        total = int(session.scalar(select(func.max(AuditEvent.sequence))) or 0)
        if total <= done:
            return done
        entries = session.scalars(
            select(AuditEvent)
            .where(AuditEvent.sequence > done, AuditEvent.sequence <= total)
            .order_by(AuditEvent.sequence)
            .execution_options(yield_per=_AUDIT_BATCH)
        )
        lines = [json.dumps(_as_json(entry), ensure_ascii=False) for entry in entries]
    _write(folder / f"audit-{done + 1:012d}.jsonl", ("\n".join(lines) + "\n").encode())
    return total


def _as_json(entry: AuditEvent) -> dict[str, Any]:
    columns = {one.name: getattr(entry, one.name) for one in AuditEvent.__table__.columns}
    return columns | {"time": entry.time.astimezone(UTC).isoformat()}


def _count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _copy_checkpoints(cloud: ImageCloud, folder: Path) -> None:
    source = cloud.settings.home / CHECKPOINTS
    if source.exists():
        shutil.copyfile(source, folder / CHECKPOINTS)


def _write(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, for its owner alone."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def age(result: BackupResult, now: datetime) -> float:
    """Return the seconds since a backup was taken: what would be lost now (RPO)."""
    return (now - datetime.fromisoformat(result.taken_at)).total_seconds()
