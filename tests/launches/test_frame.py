"""What a launched session shows, to whom, and in whose frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal.app import create_app
from portal.sessions import LAUNCH_HEADER
from server import clock
from server.accounts.totp import TOTP_CONTEXT
from server.cloud import ImageCloud
from server.launches import Opens, PatientNumbers
from server.model import Account, AuditEvent, InstitutionClient, Launch, Study
from server.settings import Settings
from tests.factories import SignInFacts, make_study
from tests.launches.case import HIS, OTHER_ID, PATIENT_ID, LaunchCase, make_launch_case
from tests.portal.test_headers import policy
from tests.visitor import Visitor


@pytest.fixture
def frame(case: LaunchCase) -> Visitor:
    """The browser in which the hospital's page is open."""
    return Visitor(case.app)


@pytest.mark.requirement("C-38", "E-43")
def test_a_launch_shows_its_patient_and_nobody_else(case: LaunchCase, frame: Visitor) -> None:
    base = case.open(frame)
    assert base.startswith("/launched/")
    page = frame.get(base)
    assert page.status_code == 200
    assert case.study_id in frame.text
    assert case.other_study_id not in frame.text
    assert "医保影像云医疗机构端" in frame.text and "个人端" not in frame.text
    own, other = (f"{base}/studies/{one}" for one in (case.study_id, case.other_study_id))
    for path in ("images", "report", "viewer.json"):
        assert frame.get(f"{own}/{path}").status_code == 200, path
        assert frame.get(f"{other}/{path}").status_code in {403, 404}, path
    for path in ("sending", "study.zip?purpose=care", "film", "film.pdf"):
        assert frame.get(f"{other}/{path}").status_code in {403, 404}, path


@pytest.mark.requirement("E-43")
@pytest.mark.parametrize("headers", [{}, {"Referer": "http://["}])
def test_an_address_that_is_none_is_refused_in_words(
    case: LaunchCase, frame: Visitor, headers: dict[str, str]
) -> None:
    iss = "" if headers else "http://["
    asked = {"iss": iss, "launch": case.ask().ticket}
    answer = frame.client.get("/launch", query_string=asked, headers=headers)
    assert answer.status_code in {303, 410}


@pytest.mark.requirement("F-15")
def test_a_change_from_an_origin_that_is_none_is_refused(case: LaunchCase) -> None:
    case.app.config["WTF_CSRF_ENABLED"] = False
    headers = {"Origin": "http://["}
    assert Visitor(case.app).client.post("/logout", headers=headers).status_code == 400


@pytest.mark.requirement("C-38")
def test_a_launch_begins_with_the_study_asked_for(case: LaunchCase, frame: Visitor) -> None:
    with case.cloud.database.session() as session:
        uid = session.get_one(Study, case.study_id).study_uid
    base = case.open(frame, study_uid=uid, opens=Opens.REPORT)
    assert frame.get(base).request.path == f"{base}/studies/{case.study_id}/report"


@pytest.mark.requirement("C-38", "F-07")
def test_a_second_patient_ends_the_first(case: LaunchCase, frame: Visitor) -> None:
    first = case.open(frame)
    second = case.open(frame, patient=PatientNumbers(OTHER_ID), encounter="V2")
    assert frame.get(f"{first}/studies").status_code == 401
    assert frame.get(f"{first}/studies/{case.study_id}/viewer.json").status_code == 401
    assert case.study_id not in frame.get(f"{second}/studies").get_data(as_text=True)
    assert frame.get(f"{second}/studies/{case.study_id}/viewer.json").status_code in {403, 404}


def test_another_physician_in_the_same_browser_ends_the_first(
    case: LaunchCase, frame: Visitor
) -> None:
    first = case.open(frame)
    case.open(frame, physician_code="D002", patient=PatientNumbers(OTHER_ID))
    assert frame.get(f"{first}/studies").status_code == 401


def test_the_same_patient_may_be_open_twice(case: LaunchCase, frame: Visitor) -> None:
    first, second = case.open(frame), case.open(frame)
    assert first != second
    assert frame.get(f"{first}/studies").status_code == 200


def test_a_launch_of_somebody_else_stays_his(case: LaunchCase, frame: Visitor) -> None:
    """The address alone is worth nothing, and a portal session is no launch."""
    base = case.open(frame)
    stranger = Visitor(case.app)
    assert stranger.get(f"{base}/studies").status_code == 401
    other = case.open(stranger, physician_code="D002")
    token = stranger.client.get_cookie(f"yingyun-launch-{other.rpartition('/')[2]}")
    assert token is not None
    sent = stranger.get(f"{base}/studies", headers={LAUNCH_HEADER: token.value})
    assert sent.status_code == 401
    assert frame.get("/doctor/studies", follow_redirects=False).status_code == 303


@pytest.mark.requirement("F-55", "C-38")
def test_only_the_registered_page_may_frame_it(case: LaunchCase, frame: Visitor) -> None:
    base = case.open(frame)
    for path in ("/studies", f"/studies/{case.study_id}/report", "/studies/nowhere/report"):
        answer = frame.get(f"{base}{path}")
        assert policy(answer)["frame-ancestors"] == [HIS], path
        assert "X-Frame-Options" not in answer.headers
    for path in ("/login", "/privacy", f"/launched/{'0' * 22}/studies"):
        assert policy(frame.get(path))["frame-ancestors"] == ["'none'"], path
    with case.cloud.database.session() as session:
        session.get_one(InstitutionClient, case.client_id).origins = ["https://new.example.org"]
    assert policy(frame.get(f"{base}/studies"))["frame-ancestors"] == ["'none'"]


@pytest.mark.requirement("F-55", "F-15")
def test_the_cookies_of_a_frame_are_partitioned(
    settings: Settings, open_test_cloud: Callable[[Settings], ImageCloud]
) -> None:
    from tests.factories import make_account

    cloud = open_test_cloud(replace(settings, base_url="https://images.example"))
    app = create_app(cloud)
    case = make_launch_case(app, cloud, make_account(cloud))
    client, made = app.test_client(), case.ask()
    entered = client.get(
        f"/launch/{made.ticket}",
        base_url="https://images.example",
        headers={"Sec-Fetch-Dest": "iframe", "Referer": f"{HIS}/"},
    )
    page = client.get(entered.headers["Location"] + "/studies", base_url="https://images.example")
    assert page.status_code == 200
    cookies = entered.headers.getlist("Set-Cookie") + page.headers.getlist("Set-Cookie")
    names = {one.partition("=")[0] for one in cookies}
    assert names == {
        f"__Host-yingyun-launch-{made.launch.launch_id}",
        "__Host-yingyun-launch-forms",
    }
    for cookie in cookies:
        flags = {flag.strip() for flag in cookie.split(";")[1:]}
        assert {"Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"} <= flags


@pytest.mark.requirement("C-38")
def test_without_cookies_the_page_sends_the_token(case: LaunchCase) -> None:
    client = case.app.test_client(use_cookies=False)
    refused = client.post(
        "/launch/session", json={"ticket": case.ask().ticket, "origin": "https://evil.example"}
    )
    assert refused.status_code == 410
    answer = client.post("/launch/session", json={"ticket": case.ask().ticket, "origin": HIS})
    assert answer.status_code == 200
    given = answer.get_json()
    headers = {LAUNCH_HEADER: given["token"]}
    study = f"{given['url']}/studies/{case.study_id}"
    for path in (f"{given['url']}/studies", f"{study}/report", f"{study}/images"):
        assert client.get(path, headers=headers).status_code == 200, path
        assert client.get(path).status_code == 401, path
    kept = client.put(f"{given['url']}/preferences", json={"toolbar": "bottom"}, headers=headers)
    assert kept.status_code == 204


@pytest.mark.requirement("F-15")
def test_a_form_in_the_frame_needs_its_token(case: LaunchCase, frame: Visitor) -> None:
    base = case.open(frame)
    frame.get(f"{base}/studies")
    refused = frame.client.post(f"{base}/end")
    assert refused.status_code == 400
    assert frame.submit(f"{base}/end").status_code == 200
    assert frame.get(f"{base}/studies").status_code == 401


@pytest.mark.requirement("C-46")
def test_outside_the_hospital_a_second_factor_is_due(case: LaunchCase, frame: Visitor) -> None:
    secret = pyotp.random_base32()
    with case.cloud.database.session() as session:
        first = case.ask()
        account = session.get_one(Account, first.launch.account_id)
        account.totp_secret_sealed = case.cloud.master_key.seal(secret, TOTP_CONTEXT)
    base = case.open(frame, outside=True)
    data = f"{base}/studies/{case.study_id}/viewer.json"
    assert frame.get(data).status_code == 403
    page = frame.get(f"{base}/studies")
    assert page.request.path == f"{base}/code"
    assert frame.submit(f"{base}/code", code="000000").status_code == 422
    assert frame.get(data).status_code == 403
    frame.get(f"{base}/code")
    frame.submit(f"{base}/code", code=pyotp.TOTP(secret).now())
    assert frame.path == f"{base}/studies"
    assert frame.get(data).status_code == 200
    with case.cloud.database.session() as session:
        assert session.scalar(select(AuditEvent).where(AuditEvent.event == "launch.confirm"))


@pytest.mark.requirement("C-46")
def test_whoever_has_no_second_factor_is_told_what_to_do(case: LaunchCase, frame: Visitor) -> None:
    base = case.open(frame, outside=True)
    assert "院外调阅需要身份验证器" in frame.get(base).get_data(as_text=True)


def test_a_launch_ends_by_itself(case: LaunchCase, frame: Visitor) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        base = case.open(frame)
        traveller.shift(timedelta(minutes=case.cloud.settings.idle_minutes + 1))
        assert frame.get(f"{base}/studies").status_code == 401


@pytest.mark.requirement("F-10")
def test_all_of_it_is_on_record_without_names(case: LaunchCase, frame: Visitor) -> None:
    base = case.open(frame)
    frame.get(f"{base}/studies")
    frame.get(f"{base}/studies/{case.study_id}/report")
    frame.get(f"{base}/studies/{case.other_study_id}/report")
    with case.cloud.database.session() as session:
        entries = session.scalars(select(AuditEvent)).all()
        launch = session.scalars(select(Launch)).one()
    events = {(one.event, one.actor) for one in entries}
    actor = f"account:{launch.account_id}"
    assert ("launch.create", f"client:{case.client_id}") in events
    assert {(one, actor) for one in ("launch.redeem", "launch.list", "report.view")} <= events
    assert ("access.denied", actor) in events
    written = " ".join(f"{one.object_id} {one.detail} {one.reason}" for one in entries)
    assert PATIENT_ID not in written
    assert "王医生" not in written


def test_the_address_of_the_parameters_of_smart(case: LaunchCase, frame: Visitor) -> None:
    """`iss` must be the page for which the ticket was made."""
    sent = {"headers": {"Sec-Fetch-Dest": "iframe"}}
    good = frame.client.get(
        "/launch", query_string={"iss": f"{HIS}/fhir", "launch": case.ask().ticket}, **sent
    )
    assert good.status_code == 303
    bad = frame.client.get(
        "/launch",
        query_string={"iss": "https://evil.example", "launch": case.ask().ticket},
        **sent,
    )
    assert bad.status_code == 410


def test_studies_of_nobody_known_show_by_the_hospitals_number(
    case: LaunchCase, app: Flask, frame: Visitor, patient: SignInFacts
) -> None:
    """One number, but connected to another person: not shown with the person's."""
    loose = make_study(
        case.cloud, person_id=None, institution=case.institution, patient_id=PATIENT_ID
    )
    base = case.open(frame)
    page = frame.get(f"{base}/studies").get_data(as_text=True)
    assert loose.study_id in page
    assert case.study_id in page
