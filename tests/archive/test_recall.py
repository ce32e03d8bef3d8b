"""A cold study: an honest wait on the page, a job, a notice, a deadline that is watched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.app import create_app
from server import messages
from server.alarms import open_alarms
from server.archive import moves, recalls, tending
from server.archive.volumes import add_volume
from server.cloud import ImageCloud
from server.model import Recall, RecallState, StudyArchive, Tier
from server.storage import StorageError
from tests.archive.conftest import (
    Archive,
    archive_of,
    contents,
    store_study,
)
from tests.factories import SignInFacts, make_account
from tests.visitor import Visitor


class HeldBack:
    """Stands for a worker that has not come to it yet."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, study_id: str) -> None:
        self.asked.append(study_id)


@pytest.fixture
def patient(archive: Archive) -> SignInFacts:
    return make_account(archive.cloud)


@pytest.mark.requirement("D-44", "G-07")
def test_a_patient_waits_for_a_cold_study_and_is_told(
    archive: Archive, patient: SignInFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = archive.cloud
    study = store_study(cloud)
    with cloud.database.session() as session:
        session.get_one(type(study), study.study_id).person_id = patient.person_id
        for series in session.get_one(type(study), study.study_id).series:
            series.state, series.prepared_key = "ready", f"studies/{study.study_id}/series/run"
            series.frame_count = 1
    archive.add("tape", Tier.COLD)
    moves.move_study(cloud, study.study_id, Tier.COLD)
    worker = HeldBack()
    recall_study = cloud.jobs.recall_study
    monkeypatch.setattr(cloud.jobs, "recall_study", worker)
    visitor = Visitor(create_app(cloud)).be(cloud, patient)
    address = f"/studies/{study.study_id}"

    page = visitor.get(address)
    assert page.status_code == 503 and "影像已归档" in page.text
    visitor.submit(f"{address}/recall", follow_redirects=False)
    assert worker.asked == [study.study_id]
    page = visitor.get(address)
    assert "正在从归档中调回影像" in page.text and "最迟" in page.text
    with cloud.database.session() as session:
        recalls.order(session, study.study_id, patient.account_id)
        assert len(session.scalars(select(Recall)).all()) == 1, "one order a person and wait"

    recall_study(study.study_id)
    with cloud.database.session() as session:
        recall = session.scalars(select(Recall)).one()
        assert recall.state == RecallState.READY
        assert recall.finished_at is not None
        assert recall.finished_at - recall.requested_at < timedelta(hours=2)
        assert any("调回" in one.body for one in messages.mailbox(cloud, session))
    assert contents(cloud, study)
    assert "影像已归档" not in visitor.get(address).text
    assert archive_of(cloud, study).hot_until is not None


@pytest.mark.requirement("D-44", "G-07")
def test_a_recall_past_two_hours_raises_an_alarm_until_it_is_done(archive: Archive) -> None:
    cloud = archive.cloud
    study = store_study(cloud)
    archive.add("tape", Tier.COLD)
    moves.move_study(cloud, study.study_id, Tier.COLD)
    asked = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
    with time_machine.travel(asked, tick=False) as clock:
        with cloud.database.session() as session:
            recalls.order(session, study.study_id, None)
        clock.shift(timedelta(hours=1, minutes=59))
        assert recalls.watch_deadlines(cloud) == 0
        clock.shift(timedelta(minutes=1))
        assert recalls.watch_deadlines(cloud) == 1
    with cloud.database.session() as session:
        assert [a.subject for a in open_alarms(session, "recall_overdue")] == [study.study_id]
    cloud.jobs.sweep()  # finds the order that no queue holds
    with cloud.database.session() as session:
        assert not open_alarms(session, "recall_overdue")
        assert not recalls.unfinished(session)


def test_a_recall_that_fails_says_so_and_can_be_asked_again(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = archive.cloud
    study = store_study(cloud)
    archive.add("tape", Tier.COLD)
    moves.move_study(cloud, study.study_id, Tier.COLD)
    with cloud.database.session() as session:
        recalls.order(session, study.study_id, None)

    def broken(*_: object) -> int:
        raise StorageError("the tape library does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(recalls, "move_study", broken)
        with pytest.raises(StorageError):
            recalls.carry_out(cloud, study.study_id, last=True)
    with cloud.database.session() as session:
        newest = recalls.latest(session, study.study_id, None)
        assert newest is not None and newest.state == RecallState.FAILED
        assert open_alarms(session, "recall_failed")
        recalls.order(session, study.study_id, None)
    recalls.carry_out(cloud, study.study_id)
    with cloud.database.session() as session:
        assert not open_alarms(session, "recall_failed")


@pytest.mark.requirement("D-32", "D-43")
@pytest.mark.parametrize(("profile", "kept_hot"), [("national", False), ("chongqing", True)])
def test_the_worker_moves_what_is_due(
    open_backend: Callable[..., ImageCloud],
    store_url: Callable[[str], str],
    profile: str,
    kept_hot: bool,
) -> None:
    cloud = open_backend(YINGYUN_ARCHIVE_PROFILE=profile)
    now = datetime(2026, 5, 1, 4, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        young = store_study(cloud, study_datetime=now - timedelta(days=30))
        old = store_study(cloud, study_datetime=now - timedelta(days=2000))
        opened = store_study(cloud, study_datetime=now - timedelta(days=2000))
        assert tending.move_due(cloud) == [], "without a cold volume everything stays"
        add_volume(cloud, name="tape", url=store_url("tape"), tier=Tier.COLD)
        with cloud.database.session() as session:
            session.add(StudyArchive(study_id=opened.study_id, last_accessed_at=now))
        moved = tending.move_due(cloud)
        assert old.study_id in moved and young.study_id not in moved
        assert (opened.study_id not in moved) is kept_hot
        assert tending.move_due(cloud) == []
