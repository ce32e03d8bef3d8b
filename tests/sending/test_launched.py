"""An order that is given in a launch goes as far as the launch's patient and visit (C-26, F-64)."""

from __future__ import annotations

import pytest
from flask import Flask

from server import authorisations
from server.cloud import ImageCloud
from server.model import Account, Authorisation, Person, Sending, SendingState, Study
from tests.factories import SignInFacts, make_institution
from tests.launches.case import LaunchCase, make_launch_case
from tests.sending.case import NODE, SendingCase, free_port, make_sending_case
from tests.visitor import Visitor


def launched(case: SendingCase, patient: SignInFacts) -> LaunchCase:
    """Open a hospital's system; the study to be sent is another hospital's, of its patient."""
    from portal.app import create_app

    app: Flask = create_app(case.cloud)
    made = make_launch_case(app, case.cloud, patient)
    elsewhere = make_institution(case.cloud, name="第二示范医院")
    with case.cloud.database.session() as session:
        study = session.get_one(Study, case.study_id)
        study.person_id, study.institution_id = patient.person_id, elsewhere.id
    return made


def authorise(made: LaunchCase, patient: SignInFacts, launch_account: int) -> str:
    """Let the patient authorise the launched physician for the visit V1."""
    with made.cloud.database.session() as session:
        doctor = session.get_one(Account, launch_account)
        asked = authorisations.request(
            made.cloud,
            session,
            account=doctor,
            person=session.get_one(Person, patient.person_id),
            encounter="V1",
        )
        giver = session.get_one(Account, patient.account_id)
        authorisations.approve(session, account=giver, authorisation_id=asked.authorisation_id)
        authorisations.accept_notice(
            session, account=doctor, authorisation_id=asked.authorisation_id
        )
        return asked.authorisation_id


@pytest.mark.requirement("C-26", "F-64", "H-03")
def test_an_order_of_a_launch_is_bound_to_its_patient_and_visit(
    cloud: ImageCloud, patient: SignInFacts
) -> None:
    case = make_sending_case(cloud, free_port())
    made = launched(case, patient)
    visitor = Visitor(made.app)
    base = made.open(visitor)
    asked = authorise(made, patient, made.ask().launch.account_id)
    page = f"{base}/studies/{case.study_id}/sending"
    visitor.get(page)
    visitor.submit(page, node=NODE, purpose="care")
    assert "连接不上该节点" in visitor.text, "it was tried, and nobody listens"
    with cloud.database.session() as session:
        sending = session.query(Sending).one()
        assert sending.launch_id == base.rpartition("/")[2]
        # The physician goes on to the next patient: what he ordered is still sent.
        sending.state = SendingState.WAITING
    visitor.get(f"{base}/studies")
    visitor.submit(f"{base}/end")
    case.cloud.jobs.send(sending.sending_id)
    assert case.sending(sending.sending_id).failure == "unreachable"
    with cloud.database.session() as session:
        giver = session.get_one(Account, patient.account_id)
        authorisations.withdraw(session, account=giver, authorisation_id=asked)
        session.get_one(Sending, sending.sending_id).state = SendingState.WAITING
    case.cloud.jobs.send(sending.sending_id)
    assert case.sending(sending.sending_id).failure == "access_ended"


@pytest.mark.requirement("F-64", "H-03")
def test_an_authorisation_of_another_visit_sends_nothing(
    cloud: ImageCloud, patient: SignInFacts
) -> None:
    case = make_sending_case(cloud, free_port())
    made = launched(case, patient)
    launch = made.ask(encounter="V2").launch
    authorise(made, patient, launch.account_id)
    with cloud.database.session() as session:
        assert session.query(Authorisation).one().encounter == "V1"
        sending = Sending(
            study_id=case.study_id,
            account_id=launch.account_id,
            launch_id=launch.launch_id,
            node=NODE,
        )
        session.add(sending)
    case.cloud.jobs.send(sending.sending_id)
    assert case.sending(sending.sending_id).failure == "access_ended"
