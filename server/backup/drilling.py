"""The restore drill: a backup is restored aside, checked, timed and thrown away (F-31, K-11)."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex

from server import audit, checkpoints, clock
from server.backup import database
from server.backup.making import DRILLED, age, read_description
from server.backup.restoring import restore
from server.cloud import ImageCloud
from server.settings import Settings
from server.storage.verify import verify_storage


@dataclass(frozen=True)
class DrillResult:
    """What a drill found; RPO is the age of the backup, RTO how long the restore took."""

    rpo_seconds: float
    rto_seconds: float
    objects: int
    faults: tuple[str, ...]  # object keys
    audit_entries: int
    audit_fault: str

    @property
    def ok(self) -> bool:
        """Whether everything was there and whole."""
        return not self.faults and not self.audit_fault


def drill(folder: Path, settings: Settings, keys: Path) -> DrillResult:
    """Restore a backup into a scratch home (and scratch database), verify it, and clear away.

    Nothing of the running product is touched. Raises BackupError, KeyFileError.
    """
    described = read_description(folder)
    rpo = age(described, clock.now())
    with _scratch(settings) as aside:
        began = time.monotonic()
        cloud = restore(folder, aside, keys)
        try:
            verdict = verify_storage(cloud)
            with cloud.database.session() as session:
                chain = audit.verify(session)
                signed = checkpoints.verify_checkpoints(cloud, session)
            took = time.monotonic() - began
        finally:
            cloud.database.engine.dispose()
    return DrillResult(
        rpo_seconds=rpo,
        rto_seconds=took,
        objects=verdict.checked,
        faults=tuple(fault.object_key for fault in verdict.faults),
        audit_entries=chain.checked,
        audit_fault=next((one.what for one in (chain, signed) if not one.ok), ""),
    )


def note(cloud: ImageCloud, result: DrillResult) -> None:
    """Put a drill on record in the running product, for the console."""
    with cloud.database.session() as session:
        audit.record(
            session,
            actor_kind="system",
            actor="backup",
            event=DRILLED,
            result="success" if result.ok else "failure",
            detail={
                "rpo_seconds": round(result.rpo_seconds),
                "rto_seconds": round(result.rto_seconds),
                "objects": result.objects,
                "faults": len(result.faults),
                "audit_entries": result.audit_entries,
            },
        )


@contextmanager
def _scratch(settings: Settings) -> Iterator[Settings]:
    """Give settings of an empty home, database and object store that are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="yingyun-drill-"))
    home, name = folder / "home", f"yingyun_drill_{token_hex(4)}"
    aside = replace(
        settings,
        home=home,
        database_url=f"sqlite:///{home / 'yingyun.db'}",
        object_store_url=(folder / "objects").as_uri(),
        master_key_file=folder / "secrets" / "master.key",
        redis_url=None,
        replica_store_url=None,
        sms_url=None,
        sms_key_file=None,
    )
    on_server = database.kind_of(settings.database_url) == database.POSTGRESQL
    try:
        if on_server:
            url = database.create_scratch(settings.database_url, name)
            aside = replace(aside, database_url=url)
        yield aside
    finally:
        if on_server:
            database.drop_scratch(settings.database_url, name)
        shutil.rmtree(folder, ignore_errors=True)
