"""Temporary folders in memory, where the machine has room: databases and stores of tests wait for
the disk at each commit, thousands of times, to survive a power failure that no test judges."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

SHARED_MEMORY = Path("/dev/shm")
# A whole run leaves less than half a gigabyte.
ENOUGH = 4 << 30


def has_room(folder: Path = SHARED_MEMORY) -> bool:
    """Whether there is such a folder with room for a whole run, and more."""
    return folder.is_dir() and shutil.disk_usage(folder).free >= ENOUGH


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder, unless the command line did; workers get theirs inside it."""
    if config.option.basetemp is None and not hasattr(config, "workerinput") and has_room():
        folder = tempfile.mkdtemp(prefix="yingyun-tests-", dir=SHARED_MEMORY)
        config.option.basetemp = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
