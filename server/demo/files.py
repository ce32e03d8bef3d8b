"""The demo's DICOM files, written on all processors."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

from server.demo.progress import Progress, silent

CHUNK = 12
WRITING = "生成示例影像 / making the demo images"


class SeriesPlan(Protocol):
    """A series that can write itself, piece by piece."""

    @property
    def steps(self) -> int:
        """How many pieces of work it is."""

    @property
    def files(self) -> int:
        """How many files it makes."""

    def write(self, folder: Path, first: int, last: int) -> list[Path]:
        """Do the pieces first … last − 1 and return the files made."""


@dataclass(frozen=True)
class _Task:
    plan: SeriesPlan
    first: int
    last: int


def _run(task: _Task, folder: Path) -> list[Path]:
    return task.plan.write(folder, task.first, task.last)


def _tasks(plans: Iterable[SeriesPlan]) -> list[_Task]:
    """Cut the series into tasks, those that cannot be cut (and last long) first."""
    tasks = [
        _Task(plan, first, min(first + CHUNK, plan.steps))
        for plan in plans
        for first in range(0, plan.steps, CHUNK)
    ]
    return sorted(tasks, key=lambda task: task.plan.steps > 1)


def write_plans(
    plans: Sequence[SeriesPlan],
    folder: Path,
    progress: Progress = silent,
    processes: int | None = None,
) -> list[Path]:
    """Write all series below `folder` and return the files, sorted.

    Uses `processes` processes (by default one a processor, at most 4); one works in place.
    """
    tasks = _tasks(plans)
    total = sum(plan.steps for plan in plans)
    count = min(os.cpu_count() or 1, 4) if processes is None else processes
    written: list[Path] = []
    done = 0
    progress(WRITING, done, total)
    if count <= 1:
        for task in tasks:
            written += _run(task, folder)
            done += task.last - task.first
            progress(WRITING, done, total)
        return sorted(written)
    # Fresh interpreters: the parent may hold threads and database connections.
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(_run, task, folder): task for task in tasks}
        for finished in as_completed(running):
            written += finished.result()
            task = running[finished]
            done += task.last - task.first
            progress(WRITING, done, total)
    return sorted(written)
