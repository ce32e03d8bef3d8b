"""Children that judge inputs, and a parent that outlives them."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
SILENCE = 60.0  # seconds without a word after which a child hangs where no signal reaches it


@dataclass(frozen=True)
class Failure:
    """An input that broke a promise."""

    source: str
    number: int
    outcome: str
    data: bytes

    @property
    def kind(self) -> str:
        """By what failures are told apart: all but the figures and words at the end."""
        return " ".join(self.outcome.split()[:3])


@dataclass
class Report:
    """What became of all inputs."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Take over what another report says."""
        self.outcomes += other.outcomes
        self.failures += other.failures

    @property
    def judged(self) -> int:
        """The number of inputs."""
        return self.outcomes.total()

    def text(self) -> str:
        """Return a table of outcomes, most frequent first, and every kind of failure."""
        lines = [f"{number:7d}  {name}" for name, number in self.outcomes.most_common()]
        lines += [f"{one.source} {one.number}: {one.outcome}" for one in self.kinds()]
        return "\n".join(lines)

    def kinds(self) -> list[Failure]:
        """Return the smallest failing input of each kind."""
        smallest: dict[str, Failure] = {}
        for one in sorted(self.failures, key=lambda failure: len(failure.data)):
            smallest.setdefault(one.kind, one)
        return list(smallest.values())


def judge(source: str, first: int, count: int, *, children: int = 2, block: int = 250) -> Report:
    """Judge `count` inputs of a source in child processes."""
    blocks = [(at, min(block, first + count - at)) for at in range(first, first + count, block)]
    total = Report()
    with ThreadPoolExecutor(children) as threads:
        for report in threads.map(lambda part: _judge_block(source, *part), blocks):
            total.add(report)
    return total


def _judge_block(source: str, first: int, count: int) -> Report:
    """Judge a block; after the death of a child a new one goes on behind the deadly input."""
    report = Report()
    end = first + count
    while first < end:
        first = _run_child(source, first, end - first, report)
    return report


def _run_child(source: str, first: int, count: int, report: Report) -> int:
    """Run one child, and return the number of the first input that it did not begin."""
    with tempfile.TemporaryDirectory(prefix="yingyun-fuzz-") as folder:
        errors = Path(folder) / "errors"
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.child", source, str(first), str(count), folder],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=errors.open("wb"),
            text=True,
            errors="replace",
        )
        number: int | None = None
        for line in _lines(process):
            word, _, rest = line.partition(" ")
            if word == ">":
                number = int(rest)
            elif word == "<" and number is not None:
                _note(report, source, number, rest, Path(folder))
                first, number = number + 1, None
        code = process.wait()
        if number is None:
            if code:
                raise RuntimeError(f"child of {source} ended: {errors.read_text()[-500:]}")
            return first + count
        ended = "hangs" if code == -signal.SIGKILL else f"kills the process ({code})"
        _note(report, source, number, f"FAILED {ended}", Path(folder))
        return number + 1


def _note(report: Report, source: str, number: int, outcome: str, folder: Path) -> None:
    if outcome.startswith("FAILED"):
        data = (folder / "current").read_bytes()
        report.failures.append(Failure(source, number, outcome, data))
        report.outcomes[" ".join(outcome.split()[:3])] += 1
    else:
        report.outcomes[outcome] += 1


def _lines(process: subprocess.Popen[str]) -> Iterable[str]:
    """Yield what the child says; kill it when it falls silent."""
    said: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.put(line.rstrip("\n"))
        said.put(None)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    while True:
        try:
            line = said.get(timeout=SILENCE)
        except queue.Empty:
            process.kill()
            line = said.get()
        if line is None:
            break
        yield line
    listener.join()
