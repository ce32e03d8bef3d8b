"""Whenever the front machine is killed: what it acknowledged to a device is in its spool."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest
from sqlalchemy import select

from server.gateway.spool import Spool
from server.gateway.tables import SpooledObject
from server.sending.nodes import DicomNode
from server.sending.storage_scu import NodeUnavailableError, ObjectKind, StorageScu
from tests.gateway.case import RULES, gateway_settings, image, uid_of
from tests.ingest.conftest import put
from tests.sending.case import data_set_hash

LISTEN = """
import sys, time
from pathlib import Path
from server.gateway.configuration import GatewaySettings
from server.gateway.receiving import Receiving, make_listener
from server.gateway.spool import Spool

spool = Spool(GatewaySettings(Path(sys.argv[1]), "https://centre.example", "client", "secret"))
spool.sweep()
print(make_listener("GATEWAY", Receiving(spool)).listen(("127.0.0.1", 0)), flush=True)
time.sleep(600)
"""
CT = ObjectKind("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1")


def started(home: Path) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, "-c", LISTEN, str(home)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def send_until_killed(
    process: subprocess.Popen[str], port: int, paths: list[Path], after: int, wait: float
) -> list[str]:
    """Send one object after the other; kill the receiver during one; return the acknowledged."""
    acknowledged: list[str] = []
    node = DicomNode("gateway", "GATEWAY", "127.0.0.1", port)
    try:
        with StorageScu(node, [CT]) as scu:
            for number, path in enumerate(paths):
                if number == after:
                    Timer(wait, process.kill).start()
                if scu.store(path) == "":
                    acknowledged.append(path.name)
    except NodeUnavailableError:
        pass
    process.kill()
    process.wait()
    return acknowledged


def check(home: Path, folder: Path, acknowledged: set[str]) -> None:
    """Every acknowledged object is in the spool, its data set to the bit; each row has its file."""
    spool = Spool(gateway_settings(home))
    with spool.database.session() as session:
        rows = {row.sop_instance_uid: row for row in session.scalars(select(SpooledObject))}
    kept = {uid: data_set_hash(spool.read(row)) for uid, row in rows.items()}
    for name in acknowledged:
        sent = (folder / name).read_bytes()
        assert kept.get(uid_of(sent)) == data_set_hash(sent), name
    spool.sweep()


def kill_repeatedly(home: Path, folder: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    Spool(gateway_settings(home)).keep_rules(dict(RULES), 1)
    for number in range(12):
        put(folder, f"{number:02}.dcm", image())
    acknowledged: set[str] = set()
    for _ in range(kills):
        process, port = started(home)
        paths = sorted(folder.iterdir())
        chance.shuffle(paths)
        after, wait = chance.randrange(0, 6), chance.random() * 0.05
        acknowledged |= set(send_until_killed(process, port, paths, after, wait))
        check(home, folder, acknowledged)
    assert acknowledged


def test_a_killed_front_machine_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    kill_repeatedly(tmp_path / "home", tmp_path / "in", kills=2, seed=1)


@pytest.mark.long
def test_killed_two_hundred_times(tmp_path: Path) -> None:
    kill_repeatedly(tmp_path / "home", tmp_path / "in", kills=200, seed=2)
