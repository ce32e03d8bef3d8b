"""The parameters of IHE Invoke Image Display (RAD TF-2 4.106.4.1.2), one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.test import TestResponse

from server.launches import Opens
from server.model import Launch, Study
from tests.factories import SignInFacts, make_study
from tests.launches.asking import body, call, token_of
from tests.launches.case import HIS, OTHER_ID, PATIENT_ID, LaunchCase
from tests.visitor import Visitor

ADDRESS = "/IHEInvokeImageDisplay"
FRAME = {"Sec-Fetch-Dest": "iframe", "Referer": f"{HIS}/orders"}


def uid_of(case: LaunchCase, study_id: str) -> str:
    with case.cloud.database.session() as session:
        return session.get_one(Study, study_id).study_uid


def invoke(case: LaunchCase, frame: Visitor, **parameters: str) -> TestResponse:
    sent = parameters | {"launch": case.ask().ticket}
    return frame.client.get(ADDRESS, query_string=sent, headers=FRAME)


def begun(case: LaunchCase, **display: Any) -> Launch:
    """Ask for a launch with these parameters, as a hospital's system does."""
    sent = body(invoke_image_display=display)
    made = call(case, "POST", "/launches", token_of(case), sent)
    assert made.status_code == 201, made.get_data(as_text=True)
    with case.cloud.database.session() as session:
        return session.get_one(Launch, made.get_json()["launch_id"])


@pytest.mark.requirement("C-38")
@pytest.mark.parametrize(
    ("more", "opens"),
    [
        ({}, Opens.DICOM),
        ({"viewerType": "JPG"}, Opens.IMAGES),
        ({"viewerType": "REPORT"}, Opens.REPORT),
        ({"viewerType": "IHE_BIR"}, Opens.DICOM),  # a viewer's own word: not ours, no error
        ({"viewerType": "JPG", "diagnosticQuality": True}, Opens.DICOM),
        ({"keyImagesOnly": True, "patientName": "张", "additional": "x"}, Opens.DICOM),
    ],
)
def test_a_study_by_its_uid(case: LaunchCase, more: dict[str, Any], opens: Opens) -> None:
    launch = begun(case, requestType="STUDY", studyUID=uid_of(case, case.study_id), **more)
    assert (launch.study_id, launch.opens) == (case.study_id, opens)


@pytest.mark.requirement("C-38")
def test_a_study_by_its_accession_number_and_the_first_of_several(case: LaunchCase) -> None:
    with case.cloud.database.session() as session:
        session.get_one(Study, case.study_id).accession_number = "A-1"
    by_number = begun(case, requestType="STUDY", accessionNumber="A-1,A-2")
    uid = uid_of(case, case.study_id)
    by_uid = begun(case, requestType="STUDY", studyUID=f"{uid},1.2.3")
    assert by_number.study_id == by_uid.study_id == case.study_id


@pytest.mark.requirement("C-38")
@pytest.mark.parametrize("number", [PATIENT_ID, f"{PATIENT_ID}^^^&1.2.156.112604&ISO"])
def test_a_patient_with_days_modalities_and_how_many(
    case: LaunchCase, patient: SignInFacts, number: str
) -> None:
    launch = begun(
        case, requestType="PATIENT", patientID=number, modalitiesInStudy="CT,MR",
        lowerDateTime="2026-01-01T00:00:00+08:00", upperDateTime="2026-06-30T23:00:00Z",
        mostRecentResults=3,
    )  # fmt: skip
    assert launch.opens == Opens.LIST
    assert launch.list_filter == {
        "since": "2026-01-01", "until": "2026-07-01", "modalities": "CT,MR", "most": "3",
    }  # fmt: skip


@pytest.mark.requirement("C-38")
def test_the_list_shows_what_was_asked_for_and_all_on_request(
    case: LaunchCase, patient: SignInFacts
) -> None:
    old = make_study(
        case.cloud, person_id=patient.person_id, institution=case.institution,
        study_datetime=datetime(2020, 1, 1, tzinfo=UTC), description="old one",
    )  # fmt: skip
    frame = Visitor(case.app)
    answer = invoke(
        case,
        frame,
        requestType="PATIENT",
        patientID=PATIENT_ID,
        lowerDateTime="2021-01-01T00:00:00",
    )
    base = answer.headers["Location"]
    page = frame.get(base).get_data(as_text=True)
    assert case.study_id in page
    assert old.study_id not in page
    assert old.study_id in frame.get(f"{base}/studies?all=1").get_data(as_text=True)


@pytest.mark.requirement("C-38", "E-43")
def test_the_address_serves_with_a_ticket_alone(case: LaunchCase) -> None:
    frame, uid = Visitor(case.app), uid_of(case, case.study_id)
    good = invoke(case, frame, requestType="STUDY", studyUID=uid, viewerType="REPORT")
    assert good.status_code == 303
    assert uid not in good.headers["Location"]
    landed = frame.get(good.headers["Location"])
    assert landed.request.path.endswith(f"/studies/{case.study_id}/report")
    bare = frame.client.get(ADDRESS, query_string={"requestType": "STUDY", "studyUID": uid})
    assert bare.status_code == 410
    assert "frame-ancestors 'none'" in bare.headers["Content-Security-Policy"]
    nonsense = frame.client.get(ADDRESS, query_string={"requestType": "EVERYTHING"})
    assert nonsense.status_code == 400


@pytest.mark.requirement("C-38", "E-43")
def test_another_patients_number_or_study_opens_nothing(case: LaunchCase) -> None:
    """And the ticket is used up."""
    other = uid_of(case, case.other_study_id)
    for wrong in (
        {"requestType": "PATIENT", "patientID": OTHER_ID},
        {"requestType": "STUDY", "studyUID": other},
        {"requestType": "STUDY"},
    ):
        frame, ticket = Visitor(case.app), case.ask().ticket
        refused = frame.client.get(ADDRESS, query_string=wrong | {"launch": ticket}, headers=FRAME)
        assert refused.status_code == 410, wrong
        assert "yingyun-launch-" not in str(refused.headers.getlist("Set-Cookie"))
        again = frame.client.get(f"/launch/{ticket}", headers=FRAME)
        assert again.status_code == 410
