"""The end of retention: a list, two people, a decision; nothing goes by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from server import audit
from server.archive import decisions, erasure, records, retention, tending
from server.archive.decisions import DecisionError
from server.cloud import ImageCloud
from server.model import (
    Account,
    ArchiveDecision,
    AuditEvent,
    DecisionKind,
    DecisionState,
    EncounterClass,
    Role,
    Study,
)
from server.storage import DataKeyDestroyedError, ObjectMissingError
from tests.archive.conftest import Archive, archive_of, contents, store_study
from tests.factories import make_account

DONE = datetime(2010, 2, 28, 4, tzinfo=UTC)
LAST_DAY = datetime(2025, 2, 28, 4, tzinfo=UTC)
DELETE, EXTEND, HOLD, RELEASE, ERASE = (
    DecisionKind.DELETE,
    DecisionKind.EXTEND,
    DecisionKind.HOLD,
    DecisionKind.RELEASE,
    DecisionKind.ERASE,
)


class Two:
    """Two administrators who decide about a study."""

    def __init__(self, cloud: ImageCloud, study: Study) -> None:
        self.cloud, self.study = cloud, study
        self.ids = [
            make_account(cloud, f"admin.{n}", role=Role.ADMINISTRATOR).account_id for n in (1, 2)
        ]

    def propose(self, kind: DecisionKind, until: date | None = None, by: int = 0) -> str:
        with self.cloud.database.session() as session:
            account = session.get_one(Account, self.ids[by])
            made = decisions.propose(
                self.cloud,
                session,
                account=account,
                study_id=self.study.study_id,
                kind=kind,
                reason="期满清理",
                keep_until=until,
            )
            return made.decision_id

    def decide(self, decision_id: str, *, by: int = 1, approve: bool = True) -> None:
        with self.cloud.database.session() as session:
            account = session.get_one(Account, self.ids[by])
            decisions.decide(
                self.cloud, session, account=account, decision_id=decision_id, approve=approve
            )

    def both(self, kind: DecisionKind, until: date | None = None) -> None:
        self.decide(self.propose(kind, until))

    def expired(self) -> list[str]:
        with self.cloud.database.session() as session:
            return [one.study_id for one in retention.expired_studies(self.cloud, session)]


@pytest.fixture
def outpatient(archive: Archive) -> Study:
    study = store_study(archive.cloud, study_datetime=DONE, received_at=DONE)
    with archive.cloud.database.session() as session:
        records.describe_visit(session, study.study_id, EncounterClass.OUTPATIENT)
    return study


@pytest.mark.requirement("D-31", "D-33")
def test_an_expired_study_is_deleted_by_two_people_and_by_nothing_else(
    archive: Archive, outpatient: Study
) -> None:
    cloud = archive.cloud
    two = Two(cloud, outpatient)
    unknown = store_study(cloud, study_datetime=DONE, received_at=DONE)
    with time_machine.travel(LAST_DAY, tick=False) as clock:
        assert two.expired() == [], "the last day still counts"
        with pytest.raises(DecisionError, match="2025-02-28"):
            two.propose(DELETE)
        clock.shift(timedelta(days=1))
        assert two.expired() == [outpatient.study_id], "of an unknown kind 30 years count"
        clock.shift(timedelta(days=4000))
        tending.every_hour(cloud)
        assert contents(cloud, outpatient), "no job deletes it, however long it is over"
        proposal = two.propose(DELETE)
        assert contents(cloud, outpatient)
        with pytest.raises(DecisionError, match="另一位"):
            two.decide(proposal, by=0)
        with pytest.raises(DecisionError, match="待决"):
            two.propose(EXTEND, date(2050, 1, 1), by=1)
        two.decide(proposal)
        with pytest.raises(DecisionError):
            two.decide(proposal)
        with pytest.raises(DataKeyDestroyedError):
            contents(cloud, outpatient)
        erasure.remove_erased(cloud)
        with pytest.raises(ObjectMissingError):
            contents(cloud, outpatient)
        assert contents(cloud, unknown) and two.expired() == []
    with cloud.database.session() as session:
        decision = session.scalars(select(ArchiveDecision)).one()
        assert [decision.proposed_by, decision.decided_by] == two.ids
        assert decision.state == DecisionState.APPROVED
        events = list(session.scalars(select(AuditEvent.event)))
        assert audit.verify(session).ok
    steps = {"archive_decision_proposed", "archive_decision_approved", "study_erased"}
    assert steps <= set(events)


@pytest.mark.requirement("D-33")
def test_an_extension_sets_a_new_date_and_a_hold_stops_everything(
    archive: Archive, outpatient: Study
) -> None:
    cloud = archive.cloud
    two = Two(cloud, outpatient)
    with time_machine.travel(LAST_DAY + timedelta(days=10), tick=False):
        with pytest.raises(DecisionError, match="晚于"):
            two.propose(EXTEND, date(2025, 2, 28))
        two.both(EXTEND, date(2030, 6, 30))
        assert archive_of(cloud, outpatient).keep_until == date(2030, 6, 30)
        assert two.expired() == []
        with pytest.raises(DecisionError, match="2030-06-30"):
            two.propose(DELETE)
    with time_machine.travel(datetime(2030, 7, 1, 4, tzinfo=UTC), tick=False):
        assert two.expired() == [outpatient.study_id]
        waiting = two.propose(DELETE)
        two.decide(waiting, approve=False)
        two.both(HOLD)
        assert two.expired() == []
        for kind in (DELETE, ERASE, HOLD):
            with pytest.raises(DecisionError, match="保全"):
                two.propose(kind)
        with cloud.database.session() as session:
            count = erasure.erase_institution(
                session,
                outpatient.institution_id,
                actor_kind="system",
                actor="test",
                reason="the hospital leaves",
            )
        assert count == 0 and contents(cloud, outpatient)
        two.both(RELEASE)
        two.both(DELETE)
        with pytest.raises(DataKeyDestroyedError):
            contents(cloud, outpatient)


@pytest.mark.requirement("D-33")
def test_only_administrators_decide_and_always_with_a_reason(
    archive: Archive, outpatient: Study
) -> None:
    cloud = archive.cloud
    doctor = make_account(cloud, "doctor", role=Role.DOCTOR)
    admin = make_account(cloud, "admin", role=Role.ADMINISTRATOR)
    for account_id, reason in ((doctor.account_id, "why"), (admin.account_id, "  ")):
        with cloud.database.session() as session, pytest.raises(DecisionError):
            decisions.propose(
                cloud,
                session,
                account=session.get_one(Account, account_id),
                study_id=outpatient.study_id,
                kind=HOLD,
                reason=reason,
            )
