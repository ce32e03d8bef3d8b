"""A ticket serves once, in time, from the page it was made for, for the right patient."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from server import clients, clock, launches
from server.launches import (
    LaunchRefusedError,
    PatientNumbers,
    Presented,
    RefusalReason,
    TicketFault,
)
from server.model import Account, AuditEvent, InstitutionClient, Launch, Study
from tests.factories import make_institution, make_person, make_study
from tests.launches.case import HIS, OTHER_ID, PATIENT_ID, LaunchCase
from tests.visitor import Visitor

HERE = Presented(True, HIS)


def fault_of(case: LaunchCase, ticket: str, presented: Presented = HERE) -> TicketFault:
    with pytest.raises(launches.TicketError) as refused:
        launches.redeem(case.cloud, ticket, presented, source="192.0.2.1")
    return refused.value.fault


@pytest.mark.requirement("E-43")
def test_a_ticket_serves_once(case: LaunchCase) -> None:
    ticket = case.ask().ticket
    launches.redeem(case.cloud, ticket, HERE, source="192.0.2.1")
    assert fault_of(case, ticket) is TicketFault.USED


@pytest.mark.requirement("E-43")
def test_a_ticket_serves_for_a_minute(case: LaunchCase) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        in_time, late = case.ask().ticket, case.ask(encounter="V2").ticket
        traveller.shift(timedelta(seconds=59))
        launches.redeem(case.cloud, in_time, HERE, source="192.0.2.1")
        traveller.shift(timedelta(seconds=2))
        assert fault_of(case, late) is TicketFault.EXPIRED


@pytest.mark.requirement("E-43", "F-55")
@pytest.mark.parametrize(
    "presented",
    [Presented(True, "https://evil.example"), Presented(False, None), Presented(False, HIS)],
)
def test_a_stolen_ticket_serves_nobody(case: LaunchCase, presented: Presented) -> None:
    """Neither another site's frame nor a window of its own; and then it is used up."""
    ticket = case.ask().ticket
    assert fault_of(case, ticket, presented) is TicketFault.ORIGIN
    assert fault_of(case, ticket) is TicketFault.USED
    with case.cloud.database.session() as session:
        reasons = session.scalars(
            select(AuditEvent.reason).where(AuditEvent.event == "launch.redeem")
        ).all()
    assert reasons == ["origin", "used"]


def test_an_invented_ticket_is_refused(case: LaunchCase) -> None:
    assert fault_of(case, "x" * 43) is TicketFault.UNKNOWN
    visitor = Visitor(case.app)
    answer = visitor.get(f"/launch/{'x' * 43}")
    assert answer.status_code == 410
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"frame_origin": "https://evil.example"}, RefusalReason.ORIGIN),
        ({"study_uid": "1.2.3"}, RefusalReason.STUDY),
        ({"patient": PatientNumbers(PATIENT_ID, id_number="110101199003070000")},
         RefusalReason.CERTIFICATE),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(
    case: LaunchCase, changes: dict[str, object], reason: RefusalReason
) -> None:
    with pytest.raises(LaunchRefusedError) as refused:
        case.ask(**changes)
    assert refused.value.reason is reason


@pytest.mark.requirement("C-38")
def test_numbers_of_two_persons_are_refused(case: LaunchCase) -> None:
    """The hospital's number of one patient with the person code of another is a mistake."""
    somebody = make_person(case.cloud, "李四")
    with pytest.raises(LaunchRefusedError) as refused:
        case.ask(patient=PatientNumbers(PATIENT_ID, person_code=somebody.person_code))
    assert refused.value.reason is RefusalReason.PATIENT


def test_another_patients_study_is_refused(case: LaunchCase) -> None:
    with case.cloud.database.session() as session:
        uid = session.get_one(Study, case.study_id).study_uid
    with pytest.raises(LaunchRefusedError) as refused:
        case.ask(patient=PatientNumbers(OTHER_ID), study_uid=uid)
    assert refused.value.reason is RefusalReason.STUDY


def test_a_hospital_launches_nothing_of_another(case: LaunchCase) -> None:
    elsewhere = make_institution(case.cloud, name="第二示范医院")
    make_study(case.cloud, person_id=None, institution=elsewhere, patient_id="P300")
    visitor = Visitor(case.app)
    base = case.open(visitor, patient=PatientNumbers("P300"))
    assert "没有可以调阅的影像" in visitor.get(f"{base}/studies").get_data(as_text=True)


def test_the_physician_becomes_a_doctor_of_the_hospital_once(case: LaunchCase) -> None:
    first, second = case.ask(), case.ask()
    other = case.ask(physician_code="D002")
    assert first.launch.account_id == second.launch.account_id != other.launch.account_id
    with case.cloud.database.session() as session:
        account = session.get_one(Account, first.launch.account_id)
        assert (account.role, account.institution_id) == ("doctor", case.institution.id)
        assert account.password_hash == ""
        account.active = False
    with pytest.raises(LaunchRefusedError) as refused:
        case.ask()
    assert refused.value.reason is RefusalReason.PHYSICIAN


def test_a_client_that_is_shut_has_no_launches(case: LaunchCase) -> None:
    ticket = case.ask().ticket
    visitor = Visitor(case.app)
    base = case.open(visitor)
    assert visitor.get(f"{base}/studies").status_code == 200
    with case.cloud.database.session() as session:
        clients.disable(session, session.get_one(InstitutionClient, case.client_id))
    assert visitor.get(f"{base}/studies").status_code == 401
    assert fault_of(case, ticket) is TicketFault.SHUT
    with case.cloud.database.session() as session:
        assert all(one.ended_at is not None for one in session.scalars(select(Launch)))
