"""One-click send: everything arrives as it is kept, or the order says why not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from server.cloud import ImageCloud
from server.jobs.queue import JobQueue
from server.model import Account, AuditEvent, Instance, SendingState
from server.sending import orders, work
from server.sending.nodes import NodesFileError, load_nodes
from server.sending.orders import SendingRefusedError
from server.sending.storage_scu import NodeUnavailableError
from tests.sending.case import (
    NODE,
    SendingCase,
    free_port,
    make_sending_case,
    received,
    storescp,
)

ALL = "--accept-all"
PLAIN = "--prefer-uncompr"  # and nothing compressed

needs_dcmtk = pytest.mark.skipif(not shutil.which("storescp"), reason="DCMTK is not installed")


def audited(cloud: ImageCloud) -> list[AuditEvent]:
    with cloud.database.session() as session:
        return session.query(AuditEvent).filter_by(event="dicom.send").all()


@needs_dcmtk
@pytest.mark.requirement("C-26")
def test_all_instances_arrive_with_equal_hashes(cloud: ImageCloud, tmp_path: Path) -> None:
    port = free_port()
    case = make_sending_case(cloud, port)
    with storescp(tmp_path / "in", port, ALL) as folder:
        sending_id = case.order()
        case.cloud.jobs.send(sending_id)
        assert received(folder) == case.hashes
    done = case.sending(sending_id)
    assert (done.state, done.sent, done.total) == (SendingState.DONE, 6, 6)
    (event,) = audited(case.cloud)
    assert event.result == "success" and event.object_id == case.study_id
    assert event.detail == {"sending": sending_id, "node": NODE, "sent": 6, "total": 6}


@needs_dcmtk
def test_chosen_series_go_alone(cloud: ImageCloud, tmp_path: Path) -> None:
    port = free_port()
    case = make_sending_case(cloud, port)
    with storescp(tmp_path / "in", port, ALL) as folder:
        sending_id = case.order(case.series_ids[1])
        case.cloud.jobs.send(sending_id)
        assert set(received(folder)) == set(list(case.hashes)[4:])
    assert case.sending(sending_id).state == SendingState.DONE


@needs_dcmtk
@pytest.mark.requirement("C-26")
def test_what_a_node_does_not_take_is_named_and_not_converted(
    cloud: ImageCloud, tmp_path: Path
) -> None:
    port = free_port()
    case = make_sending_case(cloud, port)
    with storescp(tmp_path / "in", port, PLAIN) as folder:
        sending_id = case.order()
        case.cloud.jobs.send(sending_id)
        assert received(folder) == dict(list(case.hashes.items())[:4])
    ended = case.sending(sending_id)
    assert (ended.state, ended.failure, ended.sent) == (SendingState.FAILED, "refused", 4)
    names = list(case.hashes)[4:]
    assert ended.refused == [{"sop_instance_uid": uid, "reason": "not_accepted"} for uid in names]


@needs_dcmtk
def test_a_node_that_takes_none_of_the_kinds_is_not_tried_again(
    cloud: ImageCloud, tmp_path: Path
) -> None:
    port = free_port()
    case = make_sending_case(cloud, port)
    with storescp(tmp_path / "in", port, PLAIN) as folder:
        sending_id = case.order(case.series_ids[1])
        work.attempt(case.cloud, sending_id, last=False)
        assert received(folder) == {}
    ended = case.sending(sending_id)
    assert (ended.state, ended.failure, len(ended.refused)) == (SendingState.FAILED, "refused", 2)


@needs_dcmtk
@pytest.mark.requirement("C-26")
def test_a_node_that_is_down_is_tried_again(cloud: ImageCloud, tmp_path: Path) -> None:
    port = free_port()
    case = make_sending_case(cloud, port)
    queued = replace(case.cloud, jobs=JobQueue(case.cloud.settings))
    queued.jobs.attach(queued)
    sending_id = case.order()
    queued.jobs.send(sending_id)
    huey = queued.jobs.huey
    huey.execute(huey.dequeue())
    waiting = case.sending(sending_id)
    assert (waiting.state, waiting.failure) == (SendingState.WAITING, "unreachable")
    (again,) = huey.scheduled()
    assert again.args == (sending_id,) and again.retries == 3
    assert not audited(case.cloud)
    with storescp(tmp_path / "in", port, ALL) as folder:
        again.eta = None  # now, not in five seconds
        huey.execute(again)
        assert received(folder) == case.hashes
    assert case.sending(sending_id).state == SendingState.DONE


@needs_dcmtk
def test_the_next_try_goes_on_where_the_last_one_broke_off(
    cloud: ImageCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    case = make_sending_case(cloud, port)
    sending_id = case.order()
    send_one, gone = work._send_one, []

    def break_off(*args: Any) -> str:
        if len(gone) == 3:
            raise NodeUnavailableError("broken")
        gone.append(args[3].sop_instance_uid)
        return send_one(*args)

    with storescp(tmp_path / "in", port, ALL) as folder:
        monkeypatch.setattr(work, "_send_one", break_off)
        with pytest.raises(NodeUnavailableError):
            work.attempt(case.cloud, sending_id, last=False)
        broken = case.sending(sending_id)
        assert (broken.state, broken.sent, broken.total) == (SendingState.WAITING, 3, 6)
        assert set(received(folder)) == set(list(case.hashes)[:3])
        for path in folder.iterdir():
            path.unlink()
        monkeypatch.setattr(work, "_send_one", send_one)
        work.attempt(case.cloud, sending_id, last=False)
        assert set(received(folder)) == set(list(case.hashes)[3:])
    assert case.sending(sending_id).state == SendingState.DONE


def test_after_the_last_try_it_has_failed(cloud: ImageCloud) -> None:
    case = make_sending_case(cloud, free_port())
    sending_id = case.order()
    work.attempt(case.cloud, sending_id, last=True)
    failed = case.sending(sending_id)
    assert (failed.state, failed.failure, failed.sent) == (SendingState.FAILED, "unreachable", 0)
    (event,) = audited(case.cloud)
    assert (event.result, event.reason) == ("failure", "unreachable")


@needs_dcmtk
@pytest.mark.requirement("F-64")
def test_nothing_goes_out_once_the_doctor_may_not(cloud: ImageCloud, tmp_path: Path) -> None:
    port = free_port()
    case = make_sending_case(cloud, port)
    sending_id = case.order()
    with case.cloud.database.session() as session:
        session.get_one(Account, case.doctor.account_id).active = False
    with storescp(tmp_path / "in", port, ALL) as folder:
        work.attempt(case.cloud, sending_id, last=False)
        assert received(folder) == {}
    assert case.sending(sending_id).failure == "access_ended"


@needs_dcmtk
def test_an_object_that_is_lost_is_named_and_the_others_go(
    cloud: ImageCloud, tmp_path: Path
) -> None:
    port = free_port()
    case = make_sending_case(cloud, port)
    lost = next(iter(case.hashes))
    with case.cloud.database.session() as session:
        key = session.query(Instance).filter_by(sop_instance_uid=lost).one().object_key
    case.cloud.vault.delete(key)
    with storescp(tmp_path / "in", port, ALL) as folder:
        sending_id = case.order()
        work.attempt(case.cloud, sending_id, last=False)
        assert len(received(folder)) == 5
    assert case.sending(sending_id).refused == [{"sop_instance_uid": lost, "reason": "unreadable"}]


def test_the_sweep_finds_orders_that_were_left_behind(cloud: ImageCloud) -> None:
    case = make_sending_case(cloud, free_port())
    queued = JobQueue(case.cloud.settings)
    queued.attach(case.cloud)
    sending_id = case.order()
    queued.sweep()
    queued.sweep()
    assert [task.args for task in queued.huey.pending()] == [(sending_id,)]


def test_the_same_is_not_ordered_twice_while_it_goes(cloud: ImageCloud) -> None:
    case = make_sending_case(cloud, free_port())
    case.order()
    with pytest.raises(SendingRefusedError):
        case.order()
    case.order(case.series_ids[0])
    with pytest.raises(SendingRefusedError):
        case.order("no series of this study")
    with case.cloud.database.session() as session:
        assert len(orders.sendings_of(session, case.study_id)) == 2


def test_a_node_that_was_taken_out_of_the_file_gets_nothing(cloud: ImageCloud) -> None:
    case: SendingCase = make_sending_case(cloud, free_port())
    sending_id = case.order()
    path = case.cloud.settings.dicom_nodes_file
    assert path is not None
    path.write_text("[]")
    work.attempt(case.cloud, sending_id, last=False)
    assert case.sending(sending_id).failure == "unknown_node"


GOOD = {"name": "a", "ae_title": "A", "host": "h", "port": 104}


@pytest.mark.parametrize(
    "rows",
    [
        {},
        [1],
        [GOOD, GOOD],
        [GOOD | {"port": 0}],
        [GOOD | {"port": "104"}],
        [GOOD | {"ae_title": "SEVENTEEN LETTERS"}],
        [GOOD | {"ae_title": "名"}],
        [GOOD | {"name": ""}],
        [GOOD | {"host": ""}],
        [GOOD | {"tls": "yes"}],
        [GOOD | {"colour": "red"}],
        [{"name": "a"}],
    ],
)
def test_a_file_of_nodes_with_a_fault_is_refused(rows: Any, tmp_path: Path) -> None:
    path = tmp_path / "nodes.json"
    path.write_text(json.dumps([GOOD]))
    assert load_nodes(path)[0].port == 104
    path.write_text(json.dumps(rows))
    with pytest.raises(NodesFileError):
        load_nodes(path)
