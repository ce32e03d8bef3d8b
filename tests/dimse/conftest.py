"""One centre for a module: two hospitals, a study in it, a node that receives."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import settings as settings_module
from server.cloud import ImageCloud, open_cloud
from server.dimse.peers import Peer
from tests.dimse.case import OTHER_INSTITUTION, Centre, node, peer, prepare, running
from tests.sending.case import free_port


@pytest.fixture(scope="module")
def node_port() -> int:
    """Where the hospital's workstation listens."""
    return free_port()


@pytest.fixture(scope="module")
def peers(node_port: int) -> list[Peer]:
    """A PACS of each hospital, and a workstation of the first."""
    return [
        peer("PACS"),
        peer("READER", node=node("READER", node_port)),
        peer("LOOKER", may=frozenset({"find"})),
        peer("PACS2", institution=OTHER_INSTITUTION),
    ]


@pytest.fixture(scope="module")
def open_cloud_here(
    tmp_path_factory: pytest.TempPathFactory, migrated_database: Path
) -> ImageCloud:
    """An empty cloud of the module."""
    home = tmp_path_factory.mktemp("centre")
    shutil.copy(migrated_database, home / "yingyun.db")
    return prepare(open_cloud(settings_module.load({"YINGYUN_HOME": str(home)})))


@pytest.fixture(scope="module")
def centre(open_cloud_here: ImageCloud, peers: list[Peer]) -> Iterator[Centre]:
    """The running centre."""
    with running(open_cloud_here, peers) as made:
        yield made
