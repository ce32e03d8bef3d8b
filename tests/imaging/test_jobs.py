"""The queue and its workers: idempotent, retried, alive after a crash."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from server import audit, housekeeping
from server.checkpoints import FILE_NAME, read_checkpoints
from server.cloud import ImageCloud
from server.imaging import prepare
from server.jobs import queue as queue_module
from server.jobs.locks import exclusive
from server.jobs.queue import JobQueue
from server.jobs.worker import run_worker
from server.model import ProcessingState, Series, Study
from tests.imaging.conftest import Stored


def _state(cloud: ImageCloud, study_id: str) -> ProcessingState:
    with cloud.database.session() as session:
        return session.get_one(Study, study_id).state


@pytest.fixture
def queued_cloud(cloud: ImageCloud) -> ImageCloud:
    """The cloud with a queue on the disk, as workers have it."""
    queued = replace(cloud, jobs=JobQueue(cloud.settings))
    queued.jobs.attach(queued)
    return queued


def _work_off(cloud: ImageCloud) -> int:
    """Do what waits in the queue, in this process; return how many tasks there were."""
    huey = cloud.jobs.huey
    done = 0
    while (task := huey.dequeue()) is not None:
        huey.execute(task)
        done += 1
    return done


def test_a_study_is_ready_after_its_job(cloud: ImageCloud, ct_series: Stored) -> None:
    cloud.jobs.prepare_study(ct_series.study_id)
    assert _state(cloud, ct_series.study_id) == ProcessingState.READY


def test_enqueueing_twice_prepares_once(queued_cloud: ImageCloud, ct_series: Stored) -> None:
    for _ in range(3):
        queued_cloud.jobs.prepare_study(ct_series.study_id)
    _work_off(queued_cloud)
    with queued_cloud.database.session() as session:
        folder = session.get_one(Series, ct_series.series_id).prepared_key
    queued_cloud.jobs.prepare_study(ct_series.study_id)
    _work_off(queued_cloud)
    with queued_cloud.database.session() as session:
        assert session.get_one(Series, ct_series.series_id).prepared_key == folder


def test_emergencies_come_first(
    queued_cloud: ImageCloud, store_series: Callable[..., Stored]
) -> None:
    studies = [store_series([]).study_id for _ in range(3)]
    queued_cloud.jobs.prepare_study(studies[0])
    queued_cloud.jobs.prepare_study(studies[1])
    queued_cloud.jobs.prepare_study(studies[2], emergency=True)
    waiting = [task.args[0] for task in queued_cloud.jobs.huey.pending()]
    assert waiting == [studies[2], studies[0], studies[1]]


def test_a_job_waits_while_another_worker_has_the_study(
    queued_cloud: ImageCloud, ct_series: Stored
) -> None:
    jobs = queued_cloud.jobs
    jobs.prepare_study(ct_series.study_id)
    with exclusive(queued_cloud.settings.home / "locks", ct_series.study_id) as held:
        assert held
        _work_off(queued_cloud)
    assert _state(queued_cloud, ct_series.study_id) == ProcessingState.PENDING
    (again,) = jobs.huey.scheduled()
    assert again.retries == queue_module.RETRIES


def test_a_failing_job_is_retried_with_back_off_and_then_given_up(
    queued_cloud: ImageCloud, ct_series: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise OSError("the store is away")

    monkeypatch.setattr(prepare, "prepare_study", failing)
    huey = queued_cloud.jobs.huey
    queued_cloud.jobs.prepare_study(ct_series.study_id)
    delays = []
    for _ in range(queue_module.RETRIES):
        delays.append(huey.pending()[0].retry_delay)
        _work_off(queued_cloud)
        assert _state(queued_cloud, ct_series.study_id) == ProcessingState.PENDING
        (task,) = huey.scheduled()
        huey.storage.flush_schedule()
        task.eta = None
        huey.enqueue(task)
    _work_off(queued_cloud)
    assert delays == [5, 15, 45, 135]
    assert huey.scheduled_count() == 0
    assert _state(queued_cloud, ct_series.study_id) == ProcessingState.FAILED
    with queued_cloud.database.session() as session:
        assert session.get_one(Series, ct_series.series_id).failure == "internal_error"


def test_the_sweep_finds_what_no_queue_holds(queued_cloud: ImageCloud, ct_series: Stored) -> None:
    jobs = queued_cloud.jobs
    assert jobs.sweep() == [ct_series.study_id]
    assert jobs.sweep() == []
    _work_off(queued_cloud)
    assert jobs.sweep() == []


def _start(cloud: ImageCloud, dying: bool = False) -> multiprocessing.Process:
    """Start a worker in a process of its own; a dying one is killed by its first study."""
    context = multiprocessing.get_context("fork")

    def work() -> None:
        os.setpgrp()
        if dying:
            prepare._write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        cloud.database.engine.dispose(close=False)
        run_worker(cloud)

    process = context.Process(target=work)
    process.start()
    return process


def _until(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_a_worker_killed_in_a_job_is_replaced_and_the_study_found_again(
    queued_cloud: ImageCloud, ct_series: Stored, tmp_path: Path
) -> None:
    queued_cloud.jobs.prepare_study(ct_series.study_id)
    process = _start(queued_cloud, dying=True)
    try:
        # Each new worker process finds the study and dies of it, until it is given up.
        failed = _until(lambda: _state(queued_cloud, ct_series.study_id) == ProcessingState.FAILED)
    finally:
        process.terminate()
        process.join(20)
    assert failed
    assert process.exitcode == 0
    with queued_cloud.database.session() as session:
        assert session.get_one(Series, ct_series.series_id).failure == "worker_crashed"


def test_a_restarted_worker_takes_up_what_a_killed_one_dropped(
    queued_cloud: ImageCloud, ct_series: Stored
) -> None:
    # The task was taken from the queue by a worker that was killed: only the rows know of it.
    process = _start(queued_cloud)
    try:
        ready = _until(lambda: _state(queued_cloud, ct_series.study_id) == ProcessingState.READY)
    finally:
        process.terminate()
        process.join(20)
    assert ready
    assert process.exitcode == 0


def test_housekeeping_is_due_once_a_day(
    queued_cloud: ImageCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    with queued_cloud.database.session() as session:
        audit.record(session, actor_kind="system", actor="test", event="something")
    asked: list[ImageCloud] = []
    monkeypatch.setattr(
        housekeeping, "clear_away", lambda cloud: asked.append(cloud) or housekeeping.Cleared()
    )
    midnight = datetime(2026, 3, 1)  # Huey reads its clock in UTC and without a zone
    for minute in range(24 * 60):
        for task in queued_cloud.jobs.huey.read_periodic(midnight + timedelta(minutes=minute)):
            if task.name == "housekeeping":
                queued_cloud.jobs.huey.execute(task)
    assert asked == [queued_cloud]
    assert len(read_checkpoints(queued_cloud.settings.home / FILE_NAME)) == 1
