"""Whenever the process dies: what was acknowledged is there, and no row lacks its object."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from server.cloud import ImageCloud
from server.ingest import sweep_orphans
from server.model import Instance, Study
from server.storage.verify import verify_storage
from tests.ingest.conftest import INSTITUTION, changed, ingest, put, stored_objects

DELIVERY = """
import sys
from pathlib import Path
from server import settings
from server.cloud import open_cloud
from server.ingest import ingest_paths

cloud = open_cloud(settings.load({"YINGYUN_HOME": sys.argv[1]}))
paths = sorted(Path(sys.argv[2]).iterdir())
acknowledge = lambda done, total: print(paths[done - 1].name, flush=True)
ingest_paths(cloud, [Path(sys.argv[2])], institution_code=sys.argv[3], progress=acknowledge)
"""


def deliver_and_kill(home: Path, folder: Path, after: int) -> list[str]:
    """Start a delivery, kill it with SIGKILL after some acknowledgements; return those."""
    process = subprocess.Popen(
        [sys.executable, "-c", DELIVERY, str(home), str(folder), INSTITUTION],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    acknowledged = [process.stdout.readline().strip() for _ in range(after)]
    os.kill(process.pid, signal.SIGKILL)
    acknowledged += process.stdout.read().split()
    process.wait()
    return acknowledged


@pytest.mark.requirement("F-14")
def test_a_killed_delivery_loses_nothing_it_acknowledged(cloud: ImageCloud, tmp_path: Path) -> None:
    home, folder = cloud.settings.home, tmp_path / "in"
    for number in range(40):
        put(folder, f"{number:02}", changed())
    for after in (1, 4, 9):
        acknowledged = deliver_and_kill(home, folder, after)
        assert len(acknowledged) >= after
        assert verify_storage(cloud).ok, "a row without its object"
        stored = {hashlib.sha256(data).hexdigest() for data in stored_objects(cloud).values()}
        for name in acknowledged:
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() in stored
    summary = ingest(cloud, folder)
    assert summary.rejected == ()
    assert summary.stored + summary.duplicate == 40
    assert len(stored_objects(cloud)) == 40


def test_the_sweep_removes_orphans_and_nothing_else(cloud: ImageCloud, tmp_path: Path) -> None:
    ingest(cloud, put(tmp_path, "1", changed()))
    before = stored_objects(cloud)
    with cloud.database.session() as session:
        key = session.scalars(select(Instance.object_key)).one()
    folder = key.rsplit("/", 1)[0]
    cloud.vault.store.put(f"{folder}/orphan", b"left by a crash")
    cloud.vault.store.put("studies/s/series/t/run/pack", b"prepared, of no concern here")
    assert sweep_orphans(cloud) == (), "too young: it may be in the middle of its ingest"
    assert sweep_orphans(cloud, older_than=timedelta(0)) == (f"{folder}/orphan",)
    assert stored_objects(cloud) == before
    assert cloud.vault.store.exists("studies/s/series/t/run/pack")


def _deliver(home: str, folder: str) -> None:
    sys.argv = ["", home, folder, INSTITUTION]
    exec(DELIVERY, {})


def test_two_deliveries_of_one_study_at_a_time(cloud: ImageCloud, tmp_path: Path) -> None:
    for sender in ("a", "b"):
        for number in range(15):
            put(tmp_path / sender, str(number), changed())
    same = changed()
    put(tmp_path / "a", "same", same)
    put(tmp_path / "b", "same", same)
    context = multiprocessing.get_context("spawn")
    senders = [
        context.Process(target=_deliver, args=(str(cloud.settings.home), str(tmp_path / sender)))
        for sender in ("a", "b")
    ]
    for process in senders:
        process.start()
    for process in senders:
        process.join(120)
    assert [process.exitcode for process in senders] == [0, 0]
    assert len(stored_objects(cloud)) == 31
    assert verify_storage(cloud).ok
    with cloud.database.session() as session:
        study = session.scalars(select(Study)).one()
        assert [series.instance_count for series in study.series] == [31]


def test_rows_that_do_not_fit_in_leave_no_object(
    cloud: ImageCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other delivery wins between our look and our commit."""
    first, second = put(tmp_path, "1", changed()), put(tmp_path, "2", changed())
    write, calls = cloud.vault.write, []

    def write_while_another_commits(*arguments: object) -> int:
        calls.append(1)
        if len(calls) == 1:
            ingest(cloud, first)
        return write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(cloud.vault, "write", write_while_another_commits)
    summary = ingest(cloud, second)
    assert summary.stored == 1
    assert len(stored_objects(cloud)) == 2
    assert sweep_orphans(cloud, older_than=timedelta(0)) == ()
    with cloud.database.session() as session:
        session.scalars(select(Study)).one()
