"""In a launch the patient authorises other hospitals' studies, for this visit only (H-03)."""

from __future__ import annotations

import pytest

from server import authorisations
from server.authorisations import patient_code
from server.model import Account, Authorisation, PatientCode
from tests.factories import PHONE, SignInFacts, make_account, make_institution, make_person
from tests.factories import make_study as add_study
from tests.launches.case import LaunchCase
from tests.visitor import Visitor

NOT_YET = 403


def other_hospitals_report(case: LaunchCase, patient: SignInFacts) -> str:
    """Add a study of the patient at another hospital; the path of its report in a launch."""
    elsewhere = make_institution(case.cloud, name="第二示范医院")
    study = add_study(case.cloud, person_id=patient.person_id, institution=elsewhere)
    return f"studies/{study.study_id}/report"


def act(visitor: Visitor, base: str, what: str, **fields: str) -> None:
    visitor.get(f"{base}/authorisation")
    visitor.submit(f"{base}/authorisation", what=what, **fields)


def code_of(case: LaunchCase, patient: SignInFacts) -> str:
    with case.cloud.database.session() as session:
        account = session.get_one(Account, patient.account_id)
        made = patient_code.new_code(
            case.cloud, session, account=account, person_id=patient.person_id or 0
        )
        return made.digits


@pytest.mark.requirement("H-03", "A-35", "F-25")
def test_the_code_opens_this_visit_after_the_warning_and_no_later_one(
    case: LaunchCase, patient: SignInFacts
) -> None:
    report = other_hospitals_report(case, patient)
    visitor = Visitor(case.app)
    first = case.open(visitor)
    assert visitor.client.get(f"{first}/{report}").status_code == NOT_YET
    act(visitor, first, "code", code=code_of(case, patient))
    assert "敏感个人信息" in visitor.text
    assert visitor.client.get(f"{first}/{report}").status_code == NOT_YET
    act(visitor, first, "accept")
    assert report.split("/")[1] in visitor.text  # the list has it now
    assert visitor.client.get(f"{first}/{report}").status_code == 200
    second = case.open(visitor, encounter="V2")
    assert visitor.client.get(f"{second}/{report}").status_code == NOT_YET
    with case.cloud.database.session() as session:
        (kept,) = session.query(Authorisation).all()
        assert (kept.encounter, kept.purpose) == ("V1", "outpatient")


@pytest.mark.requirement("A-35")
def test_the_patient_approves_on_his_phone_and_the_frame_goes_on(
    case: LaunchCase, patient: SignInFacts
) -> None:
    report = other_hospitals_report(case, patient)
    visitor = Visitor(case.app)
    base = case.open(visitor)
    act(visitor, base, "phone")
    assert "等待患者在手机上确认" in visitor.text
    polled = {"HX-Request": "true"}
    address = f"{base}/authorisation"
    assert "HX-Refresh" not in visitor.client.get(address, headers=polled).headers
    with case.cloud.database.session() as session:
        asked = session.query(Authorisation).one().authorisation_id
        account = session.get_one(Account, patient.account_id)
        authorisations.approve(session, account=account, authorisation_id=asked)
    assert visitor.client.get(address, headers=polled).headers["HX-Refresh"] == "true"
    act(visitor, base, "accept")
    assert visitor.client.get(f"{base}/{report}").status_code == 200


def test_another_patients_code_opens_nothing_and_is_not_used_up(
    case: LaunchCase, patient: SignInFacts
) -> None:
    report = other_hospitals_report(case, patient)
    stranger = make_person(case.cloud, "李四", phone=PHONE)
    facts = make_account(case.cloud, "lisi", person=stranger)
    code = code_of(case, facts)
    visitor = Visitor(case.app)
    base = case.open(visitor)
    act(visitor, base, "code", code=code)
    assert "授权码不正确" in visitor.text
    assert visitor.client.get(f"{base}/{report}").status_code == NOT_YET
    with case.cloud.database.session() as session:
        assert session.query(Authorisation).count() == 0
        assert session.query(PatientCode).one().used_at is None
