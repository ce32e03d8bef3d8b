"""What a browser holds in memory, from outside: proportional set sizes by process and by kind."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MEGABYTE = 1e6
SECONDS_BETWEEN_LOOKS = 0.25
KINDS = ("renderer", "gpu-process")
WASM, CODE, BUFFERS, SHARED, FILES = (
    "WebAssembly memories",
    "compiled code",
    "heaps and buffers",
    "shared with the GPU process",
    "program, fonts",
)
CLASSES = (WASM, BUFFERS, CODE, SHARED, FILES)
# V8 lets each WebAssembly memory begin at a multiple of this, and nothing else does.
_WASM_ALIGNMENT = 1 << 32


@dataclass(frozen=True)
class Footprint:
    """Megabytes (10^6 bytes) of each process, (kind, pid) → class → megabytes."""

    processes: dict[tuple[str, int], dict[str, float]] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """Return the megabytes of all processes."""
        return sum(sum(classes.values()) for classes in self.processes.values())

    def of_kind(self, kind: str) -> float:
        """Return the megabytes of all processes of a kind."""
        classes = (classes for (one, _), classes in self.processes.items() if one == kind)
        return sum(sum(one.values()) for one in classes)


def resident(group: int) -> float:
    """Return the megabytes of all renderers and the GPU process of a process group."""
    return sum(_rolled_up(entry) for _, entry in processes(group))


def footprint(group: int) -> Footprint:
    """Return where the megabytes are; slower than `resident`, which is for looking often."""
    return Footprint({(kind, int(one.name)): _classes(one) for kind, one in processes(group)})


def processes(group: int) -> Iterator[tuple[str, Path]]:
    """Yield kind and /proc entry of the renderers and the GPU process of a process group."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # Field 5 of proc_pid_stat(5); the second, a name, may hold blanks.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
            kind = next((kind for kind in KINDS if f"--type={kind}" in command), None)
            if int(fields[2]) == group and kind is not None:
                yield kind, entry


def _rolled_up(entry: Path) -> float:
    with contextlib.suppress(OSError):
        for line in (entry / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return _megabytes(line)
    return 0.0


def _classes(entry: Path) -> dict[str, float]:
    found = dict.fromkeys(CLASSES, 0.0)
    kind = ""
    with contextlib.suppress(OSError):
        for line in (entry / "smaps").read_text().splitlines():
            if line.startswith("Pss:"):
                found[kind] += _megabytes(line)
            elif not line.split(maxsplit=1)[0].endswith(":"):
                kind = _class_of(line)
    return found


def _class_of(line: str) -> str:
    """Return the class of a mapping by its first line in smaps (proc_pid_smaps(5))."""
    span, rights, _offset, _device, inode, *name = line.split(maxsplit=5)
    if name and "shared-memory" in name[0]:
        return SHARED
    if inode != "0" and "(deleted)" not in line:
        return FILES
    if "x" in rights:
        return CODE
    start = int(span.split("-")[0], 16)
    return BUFFERS if start % _WASM_ALIGNMENT else WASM


def _megabytes(line: str) -> float:
    return int(line.split()[1]) * 1024 / MEGABYTE


class Peak:
    """The most that was seen since the last `take`, and at all."""

    def __init__(self, group: int) -> None:
        self._group = group
        self._since = 0.0
        self.highest = 0.0

    def look(self) -> None:
        """Look once."""
        self._since = max(self._since, resident(self._group))
        self.highest = max(self.highest, self._since)

    def take(self) -> float:
        """Return the most since the last call."""
        self.look()
        most, self._since = self._since, 0.0
        return most


@contextlib.contextmanager
def watched(group: int) -> Iterator[Peak]:
    """Look at a process group again and again meanwhile."""
    peak, stop = Peak(group), threading.Event()

    def watch() -> None:
        while not stop.wait(SECONDS_BETWEEN_LOOKS):
            peak.look()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()
