"""Registration: no confirmation, no application; certificates checked; emergencies first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from server import people
from server.authorisations import caching
from server.cache_applications.periods import end_at_gateway
from server.cloud import ImageCloud
from server.demo.people import id_number
from server.jobs.queue import EMERGENCY_PRIORITY, JobQueue
from server.model import (
    Account,
    AuditEvent,
    CacheApplication,
    CachingConsent,
    InstitutionClient,
    OutboxEntry,
    Person,
    ProcessingState,
    Study,
)
from tests.factories import SignInFacts, make_study
from tests.launches.asking import body, call, token_of
from tests.launches.case import PATIENT_ID, LaunchCase

NUMBER = id_number(date(1980, 2, 3), 7)
SCOPES = ("launch", "consent.write", "registration", "reminder", "index.read")


@pytest.fixture
def token(case: LaunchCase, patient: SignInFacts) -> str:
    """Give the hospital's system all scopes of the story, and the patient an ID number."""
    with case.cloud.database.session() as session:
        session.get_one(InstitutionClient, case.client_id).scopes = list(SCOPES)
        person = session.get_one(Person, patient.person_id)
        person.id_number_hash = people.id_number_hash(case.cloud, NUMBER)
    return token_of(case)


def visit(**changes: Any) -> dict[str, Any]:
    return {
        "patient_id": PATIENT_ID,
        "name": "张三丰",
        "certificate": {"certificate_type": "01", "certificate_number": NUMBER},
        "encounter": "V1",
        "department": "呼吸内科",
        "visit_type": "outpatient",
        "visit_at": "2026-11-22T09:00:00+08:00",
    } | changes


def confirm(case: LaunchCase, token: str) -> None:
    """Let the patient confirm at the desk."""
    version = call(case, "GET", "/caching-consents/text", token).get_json()["version"]
    sent = {"patient": {"patient_id": PATIENT_ID}, "encounter": "V1", "version": version}
    assert call(case, "POST", "/caching-consents", token, sent).status_code == 201


@pytest.mark.requirement("E-20", "E-21")
def test_without_the_confirmation_no_application_is_made(case: LaunchCase, token: str) -> None:
    answer = call(case, "POST", "/registrations", token, visit())
    assert answer.get_json()["consented"] is False
    with case.cloud.database.session() as session:
        assert session.scalars(select(CacheApplication)).all() == []
        assert set(session.scalars(select(OutboxEntry.kind))) == {"registration"}
    confirm(case, token)
    made = call(case, "POST", "/registrations", token, visit()).get_json()
    assert (made["consented"], made["state"], made["local_studies"]) == (True, "requested", 1)
    assert made["keep_until"] == "2026-11-26T00:00:00+08:00"
    made_id = made["application_id"]
    seen = call(case, "GET", f"/registrations/{made_id}", token)
    assert (seen.get_json()["state"], seen.get_json()["failure"]) == ("fetching", "")
    assert call(case, "GET", "/registrations/of-nobody", token).status_code == 404
    again = call(case, "POST", "/registrations", token, visit()).get_json()
    assert again["application_id"] == made["application_id"]
    with case.cloud.database.session() as session:
        (kept,) = session.scalars(select(CacheApplication)).all()
        assert (kept.department, kept.visit_type) == ("呼吸内科", "outpatient")
        entries = session.scalars(select(OutboxEntry)).all()
        assert [one.kind for one in entries].count("cache") == 1
        assert not any(word in str(entries[-1].content) for word in (NUMBER, "张三丰", PATIENT_ID))
        assert "visit.register" in set(session.scalars(select(AuditEvent.event)))


@pytest.mark.requirement("E-20")
def test_after_the_withdrawal_no_further_application_is_made(
    case: LaunchCase, token: str, patient: SignInFacts
) -> None:
    confirm(case, token)
    with case.cloud.database.session() as session:
        account = session.get_one(Account, patient.account_id)
        given = session.scalars(select(CachingConsent)).one()
        caching.withdraw_caching_consent(session, account=account, consent_id=given.consent_id)
    answer = call(case, "POST", "/registrations", token, visit()).get_json()
    assert (answer["consented"], answer["application_id"]) == (False, "")


def test_a_cache_is_kept_to_the_end_of_the_third_day() -> None:
    """000-A 七(三)2 note 6: a visit on 2025-10-15 keeps it until 2025-10-18 24:00."""
    at = datetime(2025, 10, 15, 2, 30, tzinfo=UTC)
    assert end_at_gateway(at).isoformat() == "2025-10-19T00:00:00+08:00"


@pytest.mark.requirement("E-45")
@pytest.mark.parametrize("wrong", [NUMBER[:-1] + "0", "999901198013450071"])
def test_a_wrong_check_digit_or_date_is_refused_everywhere(
    case: LaunchCase, token: str, wrong: str
) -> None:
    if wrong == NUMBER:
        wrong = NUMBER[:-1] + "1"
    certificate = {"certificate_type": "01", "certificate_number": wrong}
    who = {"patient_id": PATIENT_ID, "id_number": wrong}
    order = {"exam_item": "胸部CT平扫", "modality": "CT"}
    physician = {"code": "D001", "name": "王医生"}
    for path, sent in (
        ("/registrations", visit(certificate=certificate)),
        ("/launches", body(patient=who)),
        ("/receptions", {"patient": who, "encounter": "V1"}),
        ("/studies/search", {"patient": who}),
        (
            "/orders/check",
            {"patient": who, "physician": physician, "encounter": "V1", "order": order},
        ),
    ):
        answer = call(case, "POST", path, token, sent)
        assert answer.status_code == 409, path
        assert answer.get_json()["type"] == "urn:yingyun:launch-certificate", path
        assert "校验位" in answer.get_json()["detail"]
        assert wrong not in answer.get_data(as_text=True)


@pytest.mark.requirement("E-45")
def test_another_kind_of_certificate_or_somebody_elses_name_is_refused(
    case: LaunchCase, token: str
) -> None:
    other = {"certificate_type": "99", "certificate_number": NUMBER}
    assert call(case, "POST", "/registrations", token, visit(certificate=other)).status_code == 422
    assert call(case, "POST", "/registrations", token, visit(name="李四")).status_code == 409


@pytest.mark.requirement("C-41")
@pytest.mark.parametrize("path", ["/launches", "/registrations"])
def test_under_a_loaded_queue_an_emergency_is_served_before_earlier_ones(
    case: LaunchCase, token: str, path: str
) -> None:
    queued = replace(case.cloud, jobs=JobQueue(case.cloud.settings))
    queued.jobs.attach(queued)
    case.app.extensions["yingyun"] = queued
    waiting = [_waiting(queued, case, f"N{number}").study_id for number in range(4)]
    urgent = _waiting(queued, case, PATIENT_ID).study_id
    for study_id in [*waiting, urgent]:
        queued.jobs.prepare_study(study_id)
    calm = visit() if path == "/registrations" else body()
    assert call(case, "POST", path, token, calm).status_code in {200, 201}
    assert queued.jobs.huey.pending_count() == 5, "an ordinary visit pushes nobody aside"
    haste = calm | {"visit_type": "emergency", "encounter": "V2"}
    assert call(case, "POST", path, token, haste).status_code in {200, 201}
    first = queued.jobs.huey.dequeue()
    assert (first.args[0], first.priority) == (urgent, EMERGENCY_PRIORITY)


def _waiting(cloud: ImageCloud, case: LaunchCase, patient_id: str) -> Study:
    with cloud.database.session() as session:
        person_id = session.get_one(Study, case.study_id).person_id
    mine = patient_id == PATIENT_ID
    study = make_study(
        cloud,
        person_id=person_id if mine else None,
        institution=case.institution,
        patient_id=patient_id,
    )
    with cloud.database.session() as session:
        session.get_one(Study, study.study_id).state = ProcessingState.PENDING
    return study


@pytest.mark.requirement("E-35")
def test_the_window_of_the_history_is_a_setting_and_none_by_default(
    case: LaunchCase, token: str, patient: SignInFacts
) -> None:
    """001: a visit on 2025-11-20 is told of 2022-11-20 to 2025-11-20."""
    for day in (19, 20):
        make_study(
            case.cloud,
            person_id=patient.person_id,
            description=f"day {day}",
            study_datetime=datetime(2022, 11, day, 4, tzinfo=UTC),
        )

    def told() -> set[str]:
        sent = {"patient": {"patient_id": PATIENT_ID}, "encounter": "V1"}
        found = call(case, "POST", "/receptions", token, sent).get_json()["studies"]
        return {one["exam_item"] for one in found if one["exam_item"].startswith("day")}

    with time_machine.travel(datetime(2025, 11, 20, 2, tzinfo=UTC), tick=False):
        token = token_of(case)
        assert told() == {"day 19", "day 20"}
        settings = replace(case.cloud.settings, history_years=3)
        case.app.extensions["yingyun"] = replace(case.cloud, settings=settings)
        assert told() == {"day 20"}
