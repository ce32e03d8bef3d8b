"""Emergency access: at once and for hours, told to the patient, reviewed by the institution."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from server import messages, staff
from server.model import Role, Study
from tests.authorisations.case import DATA, ID_NUMBER, AuthorisationCase
from tests.factories import make_account, make_institution
from tests.visitor import Visitor

EMERGENCY = "/doctor/requests/emergency"
REASON = "车祸昏迷，需对比既往头颅CT"


def broken(case: AuthorisationCase, **fields: str) -> str:
    """Open in an emergency; returns the id of the authorisation, "" when refused."""
    case.doctor.get(EMERGENCY)
    known = {"id_number": ID_NUMBER, "reason": REASON, "understood": "y"}
    answer = case.doctor.submit(EMERGENCY, follow_redirects=False, **(known | fields))
    return answer.headers["Location"].rsplit("/", 1)[1] if answer.status_code == 303 else ""


def test_it_opens_at_once_for_four_hours_and_the_patient_is_told(case: AuthorisationCase) -> None:
    opened = broken(case)
    assert case.status() == 200
    kept = case.authorisation(opened)
    assert kept.evidence == {"reason": REASON}
    assert kept.review == "pending"
    with case.cloud.database.session() as session:
        (letter,) = messages.mailbox(case.cloud, session)
    assert "急诊" in letter.body
    (audited,) = case.events("authorisation.approve")
    assert audited.detail["method"] == "emergency"
    assert kept.expires_at is not None
    with (
        time_machine.travel(kept.expires_at + timedelta(seconds=1)),
        case.cloud.database.session() as session,
    ):
        study = session.get_one(Study, case.study_id)
        assert not staff.may_read(session, case.doctor_facts.account_id, study)
    assert REASON in case.patient.get("/authorisations").get_data(as_text=True)


@pytest.mark.parametrize(
    "lacking", [{"reason": ""}, {"reason": "急"}, {"id_number": "1"}, {"understood": ""}]
)
def test_it_needs_a_reason_and_a_person(case: AuthorisationCase, lacking: dict[str, str]) -> None:
    case.doctor.get(EMERGENCY)
    form = next(one for one in case.doctor.forms() if one.action == EMERGENCY)
    data = form.fields | {"id_number": ID_NUMBER, "reason": REASON, "understood": "y"} | lacking
    data = {name: text for name, text in data.items() if text}
    assert case.doctor.client.post(EMERGENCY, data=data).status_code == 422
    assert case.status() == 403


def test_a_complaint_needs_a_note_and_ends_it(case: AuthorisationCase) -> None:
    opened = broken(case)
    page = case.administrator.get("/reviews").get_data(as_text=True)
    assert REASON in page
    assert case.patient_facts.name not in page
    case.administrator.submit(f"/reviews/{opened}", verdict="complained", note="")
    assert case.status() == 200
    case.administrator.submit(f"/reviews/{opened}", verdict="complained", note="并非急诊患者")
    assert case.status() == 403
    kept = case.authorisation(opened)
    assert (kept.review, kept.review_note, kept.state) == (
        "complained",
        "并非急诊患者",
        "withdrawn",
    )
    (audited,) = case.events("authorisation.review")
    assert audited.detail["verdict"] == "complained"
    assert "并非急诊患者" in case.administrator.get("/reviews").get_data(as_text=True)


def test_an_accepted_one_stays_and_is_reviewed_once(case: AuthorisationCase) -> None:
    opened = broken(case)
    case.administrator.get("/reviews")
    form = case.administrator.forms()
    case.administrator.submit(f"/reviews/{opened}", verdict="accepted")
    assert case.status() == 200
    data = next(one for one in form if one.action == f"/reviews/{opened}").fields
    case.administrator.client.post(
        f"/reviews/{opened}", data=data | {"verdict": "complained", "note": "改变主意"}
    )
    assert case.authorisation(opened).review == "accepted"


@pytest.mark.requirement("F-07")
def test_only_the_administrator_of_the_doctors_institution_reviews(case: AuthorisationCase) -> None:
    opened = broken(case)
    case.app.config["WTF_CSRF_ENABLED"] = False
    elsewhere = make_institution(case.cloud, name="第三示范医院")
    others = {
        role: make_account(case.cloud, f"x.{role[:9]}", role=role, institution=elsewhere)
        for role in Role
        if role is not Role.PATIENT
    }
    for role, facts in others.items():
        visitor = Visitor(case.app).be(case.cloud, facts)
        expected = 404 if role is Role.INSTITUTION_ADMINISTRATOR else 403
        answer = visitor.client.post(f"/reviews/{opened}", data={"verdict": "accepted"})
        assert answer.status_code == expected, role
    assert case.patient.client.get("/reviews", headers=DATA).status_code == 403
    assert case.doctor.client.get("/reviews", headers=DATA).status_code == 403
    assert case.authorisation(opened).review == "pending"
