"""What was acknowledged survives every kill and a full disk; nothing is half stored."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import event, select

from server import audit, settings
from server.cloud import ImageCloud, open_cloud
from server.ingest import ingest_paths, sweep_orphans
from server.model import Instance, Series
from server.settings import Settings
from server.storage.verify import verify_storage
from tests.ingest.conftest import (
    INSTITUTION,
    SilentJobs,
    changed,
    ingest,
    put,
    reasons,
    stored_objects,
)


def deliver(cloud: ImageCloud, folder: Path, steps: int) -> tuple[list[str], bool]:
    """Deliver a folder in a process that dies before its n-th step that writes: bytes, rename,
    sync, statement, commit. Return what it acknowledged, and whether it died."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            _deliver(cloud.settings, folder, steps, writing)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answers:
        acknowledged = answers.read().split()
    _, status = os.waitpid(child, 0)
    return acknowledged, os.WIFSIGNALED(status)


def _deliver(chosen: Settings, folder: Path, steps: int, writing: int) -> None:
    left, write = [steps], os.write

    def step(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(act: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **options: Any) -> Any:
            step()
            return act(*arguments, **options)

        return counting

    cloud = open_cloud(chosen)
    object.__setattr__(cloud, "jobs", SilentJobs())
    os.write, os.fsync = counted(os.write), counted(os.fsync)
    Path.replace = counted(Path.replace)  # type: ignore[method-assign]
    for moment in ("before_cursor_execute", "commit"):
        event.listen(cloud.database.engine, moment, step)
    paths = sorted(folder.iterdir())

    def acknowledge(done: int, _total: int) -> None:
        write(writing, f"{paths[done - 1].name}\n".encode())

    ingest_paths(cloud, [folder], institution_code=INSTITUTION, progress=acknowledge)


def check(cloud: ImageCloud, delivered: dict[str, bytes], acknowledged: list[str]) -> None:
    """Assert that all acknowledged is there, byte for byte, and that rows and objects agree."""
    verdict = verify_storage(cloud)
    assert verdict.ok, verdict.faults
    kept = {hashlib.sha256(data).hexdigest() for data in stored_objects(cloud).values()}
    sent = {name: hashlib.sha256(data).hexdigest() for name, data in delivered.items()}
    for name in acknowledged:
        assert sent[name] in kept, f"{name} was acknowledged and is lost"
    assert kept <= set(sent.values())
    with cloud.database.session() as session:
        rows = len(session.scalars(select(Instance.id)).all())
        assert sum(session.scalars(select(Series.instance_count))) == rows
        assert audit.verify(session).ok
    with closing(sqlite3.connect(cloud.settings.home / "yingyun.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def kills(cloud: ImageCloud, folder: Path, times: int) -> None:
    delivered: dict[str, bytes] = {}
    acknowledged: list[str] = []
    chance, died, number = Random(7), 0, 0
    while died < times:
        number += 1
        name = f"{number:04}"
        delivered[name] = changed()
        put(folder, name, delivered[name])
        # Four files a delivery, so that kills fall into the middle of one, too.
        for old in sorted(folder.iterdir())[:-4]:
            old.unlink()
        named, killed = deliver(cloud, folder, chance.randint(1, 40))
        acknowledged += named
        died += killed
        check(cloud, delivered, acknowledged)
    acknowledged += deliver(cloud, folder, 10**9)[0]
    check(cloud, delivered, acknowledged)
    sweep_orphans(cloud)


@pytest.mark.requirement("F-14")
def test_kills_at_any_step_lose_nothing_acknowledged(cloud: ImageCloud, tmp_path: Path) -> None:
    kills(cloud, tmp_path / "in", 10)


@pytest.mark.long
@pytest.mark.requirement("F-14")
@pytest.mark.timeout(3600)
def test_two_hundred_kills_lose_nothing_acknowledged(cloud: ImageCloud, tmp_path: Path) -> None:
    kills(cloud, tmp_path / "in", 200)


@pytest.mark.requirement("F-14")
def test_a_full_disk_is_told_plainly_and_loses_nothing(cloud: ImageCloud, tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: the system refuses further bytes."""
    first = changed()
    assert ingest(cloud, put(tmp_path, "first", first)).stored == 1
    before = stored_objects(cloud)
    second = put(tmp_path, "second", changed())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, hard))
    try:
        from server.storage import StorageFullError

        with cloud.database.session() as session:
            data_key = cloud.vault.new_data_key(session)
            session.expunge(data_key)
        with pytest.raises(StorageFullError):
            cloud.vault.write(data_key, "studies/s/instances/x", bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    assert stored_objects(cloud) == before and verify_storage(cloud).ok
    assert not cloud.vault.store.exists("studies/s/instances/x")
    assert ingest(cloud, second).stored == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Callable[[], Path]:
    """Gives the folder of a file system of 2 MB, where the system lets us mount one."""
    mounted: list[Path] = []

    def mount() -> Path:
        folder = tmp_path / "disk"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
        if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("no file system can be mounted here")
        mounted.append(folder)
        return folder

    yield mount  # type: ignore[misc]
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=False)


@pytest.mark.requirement("F-14")
def test_a_delivery_onto_a_full_disk_is_refused_by_name(
    cloud: ImageCloud, tmp_path: Path, small_disk: Callable[[], Path]
) -> None:
    disk = small_disk()
    home = cloud.settings.home
    chosen = settings.load(
        {"YINGYUN_HOME": str(home), "YINGYUN_OBJECT_STORE_URL": (disk / "objects").as_uri()}
    )
    full = open_cloud(chosen)
    object.__setattr__(full, "jobs", cloud.jobs)
    for number in range(80):
        put(tmp_path / "in", f"{number:02}", changed())
    summary = ingest(full, tmp_path / "in")
    assert summary.stored > 10 and set(reasons(summary)) == {"storage_full"}
    assert summary.stored + len(summary.rejected) == 80
    assert len(stored_objects(full)) == summary.stored and verify_storage(full).ok
    roomy = tmp_path / "roomy"
    shutil.copytree(disk / "objects", roomy)
    assert not list((roomy / ".incoming").iterdir()), "nothing half written is left"
