"""A long order to send lets other jobs go first: no preview waits for a slow line (C-26, C-41)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from server.cloud import ImageCloud
from server.jobs import queue
from server.jobs.queue import JobQueue
from server.model import AuditEvent, SendingState
from server.sending import work
from tests.sending.case import free_port, make_sending_case, received, storescp

ALL = "--accept-all"
needs_dcmtk = pytest.mark.skipif(not shutil.which("storescp"), reason="DCMTK is not installed")


@needs_dcmtk
def test_an_order_that_makes_way_goes_on_later_and_sends_nothing_twice(
    cloud: ImageCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "OBJECTS_A_NOTE", 2)
    port = free_port()
    case = make_sending_case(cloud, port)
    sending_id = case.order()
    with storescp(tmp_path / "in", port, ALL) as folder:
        assert work.attempt(case.cloud, sending_id, last=False, makes_way=lambda: True)
        waits = case.sending(sending_id)
        assert (waits.state, waits.sent, waits.failure) == (SendingState.WAITING, 2, "")
        assert waits.attempts == 0, "to make way is no try that failed"
        first = set(received(folder))
        for path in folder.iterdir():
            path.unlink()
        assert not work.attempt(case.cloud, sending_id, last=True)
        assert set(received(folder)) == set(case.hashes) - first
    assert case.sending(sending_id).state == SendingState.DONE
    with case.cloud.database.session() as session:
        (event,) = session.query(AuditEvent).filter_by(event="dicom.send").all()
        assert event.result == "success"


@needs_dcmtk
def test_the_queue_does_what_waits_before_it_goes_on_sending(
    cloud: ImageCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "OBJECTS_A_NOTE", 2)
    monkeypatch.setattr(queue, "SENDING_SECONDS", 0.0)
    port = free_port()
    case = make_sending_case(cloud, port)
    sending_id = case.order()
    jobs = JobQueue(case.cloud.settings)
    jobs.attach(case.cloud)
    jobs.send(sending_id)
    jobs.prepare_study(case.study_id)
    with storescp(tmp_path / "in", port, ALL) as folder:
        for _ in range(2):  # nothing is in the way of the second
            task = jobs.huey.dequeue()
            while task.name != "send":
                task = jobs.huey.dequeue()
            jobs.huey.execute(task)
            waiting = [one.name for one in jobs.huey.pending()]
            if case.sending(sending_id).state == SendingState.DONE:
                break
            assert waiting == ["prepare_study", "send"], "the order stands behind what waited"
        assert received(folder) == case.hashes
    assert case.sending(sending_id).state == SendingState.DONE
