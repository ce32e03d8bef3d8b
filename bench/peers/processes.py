"""What a browser's processes take: memory (proportional set size) and processor time."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

COUNTED = ("--type=renderer", "--type=gpu-process")
SECONDS_BETWEEN_LOOKS = 0.5
KIBIBYTES = 1024
GROUP, USER, SYSTEM = 2, 11, 12  # fields of proc_pid_stat(5) behind the name


def resident(group: int) -> float:
    """Return the MB (10^6 bytes) that renderers and GPU process of a process group hold (PSS)."""
    counted = 0
    for process, _ in _members(group):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_text()
            if any(kind in command for kind in COUNTED):
                counted += _proportional(process)
    return counted * KIBIBYTES / 1e6


def processor_time(group: int) -> float:
    """Return the seconds that all processes of a group have computed so far."""
    ticks = sum(int(fields[USER]) + int(fields[SYSTEM]) for _, fields in _members(group))
    return ticks / os.sysconf("SC_CLK_TCK")


def _members(group: int) -> Iterator[tuple[Path, list[str]]]:
    """Yield the processes of a group, each with the fields of its `stat` behind the name."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            if int(fields[GROUP]) == group:
                yield process, fields


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
