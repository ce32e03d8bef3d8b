"""A worker that is killed while it tells the index module loses nothing and tells nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter

import pytest
from sqlalchemy import select

from server import outbox
from server.model import IndexEntry, OutboxEntry, OutboxState
from tests.provinces.case import Centre, Country

KINDS = ("retrieval", "citation", "recognition", "consent", "registration", "cache")
# Does what the worker does every minute, and is killed at the step that the second argument names.
WORKER = """
import os, signal, sys
from server import settings
from server.cloud import open_cloud
from server.outbox import delivery, ledger

def die(*_arguments, **_named):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(ledger if sys.argv[1] == "settle" else delivery, sys.argv[1], die)
delivery.deliver(open_cloud(settings.load()))
"""


def killed_worker(centre: Centre, step: str) -> int:
    """Run a worker of a centre until it is killed; returns how it ended."""
    chosen = centre.cloud.settings
    environ = os.environ | {
        "YINGYUN_HOME": str(chosen.home),
        "YINGYUN_BASE_URL": chosen.base_url,
        "YINGYUN_REGION_CODE": chosen.region_code,
        "YINGYUN_PROVINCES_FILE": str(chosen.provinces_file),
    }
    command = [sys.executable, "-c", WORKER, step]
    return subprocess.run(command, env=environ, check=False, timeout=60).returncode


def waiting(centre: Centre) -> int:
    with centre.cloud.database.session() as session:
        found = select(OutboxEntry).where(OutboxEntry.state == OutboxState.WAITING)
        return len(session.scalars(found).all())


def told(country: Country) -> Counter[str]:
    """Which kinds the index module holds, and how often."""
    with country.index.cloud.database.session() as session:
        return Counter(session.scalars(select(IndexEntry.kind)))


@pytest.mark.requirement("E-33", "D-55")
def test_each_record_reaches_the_index_once_whenever_the_worker_dies(country: Country) -> None:
    with country.east.cloud.database.session() as session:
        for kind in KINDS:
            outbox.put(session, kind, {"at": "2026-11-21T10:00:00+00:00"}, about=f"about-{kind}")
    assert killed_worker(country.east, "_send") == -signal.SIGKILL
    assert (waiting(country.east), told(country)) == (len(KINDS), Counter())
    # The index module has taken them, and the worker dies before it can write that down.
    assert killed_worker(country.east, "settle") == -signal.SIGKILL
    assert waiting(country.east) == len(KINDS)
    assert told(country) == Counter(KINDS)
    assert country.east.empty_outbox() == len(KINDS)
    assert waiting(country.east) == 0
    assert told(country) == Counter(KINDS), "nothing is there twice"
