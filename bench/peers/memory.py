"""What a browser keeps in memory: the proportional set size of its renderers and GPU process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

COUNTED = ("--type=renderer", "--type=gpu-process")
SECONDS_BETWEEN_LOOKS = 0.5
KIBIBYTES = 1024


def resident(group: int) -> float:
    """Return the MB (10^6 bytes) that renderers and GPU process of a process group hold (PSS)."""
    return sum(_proportional(one) for one in _members(group)) * KIBIBYTES / 1e6


def _members(group: int) -> Iterator[Path]:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            command = (process / "cmdline").read_text()
            if int(fields[2]) == group and any(kind in command for kind in COUNTED):
                yield process


def _proportional(process: Path) -> int:
    """Return a process's PSS in KiB, 0 when it has just ended."""
    with contextlib.suppress(OSError):
        for line in (process / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


class Peak:
    """The most that was seen so far."""

    def __init__(self) -> None:
        self.megabytes = 0.0

    def look(self, group: int) -> None:
        """Look once."""
        self.megabytes = max(self.megabytes, resident(group))


@contextlib.contextmanager
def watched(group: int) -> Iterator[Peak]:
    """Look at a process group again and again; yields the highest reading."""
    peak, stop = Peak(), threading.Event()

    def watch() -> None:
        while not stop.wait(SECONDS_BETWEEN_LOOKS):
            peak.look(group)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()
        peak.look(group)
