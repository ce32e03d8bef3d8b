"""The doctor's door and work list: his own hospital's studies, each object decided afresh."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.app import create_app
from server import access, preferences, work_list
from server.access import AccessDenied, Action, Grant
from server.cloud import ImageCloud
from server.model import Account, AuditEvent, Institution, ReportStatus, Role, Study
from tests.assets.conftest import built_assets as built_assets
from tests.factories import SignInFacts, make_account, make_institution, make_study
from tests.portal.doctor_case import DoctorCase, make_doctor_case
from tests.visitor import Visitor

DATA = {"Sec-Fetch-Dest": "empty"}


@pytest.fixture
def case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> DoctorCase:
    return make_doctor_case(app, cloud, patient)


def events(cloud: ImageCloud, event: str) -> list[AuditEvent]:
    with cloud.database.session() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.event == event)))


def grant_of(case: DoctorCase) -> Grant:
    with case.cloud.database.session() as session:
        account = session.get_one(Account, case.facts.account_id)
        return access.doctor_grant(case.cloud, session, account)


def allowed(case: DoctorCase, grant: Grant, study_id: str, action: Action) -> bool:
    with case.cloud.database.session() as session:
        study = session.get_one(Study, study_id)
        try:
            access.authorize(case.cloud, session, grant, action, study)
        except AccessDenied:
            return False
        return True


@pytest.mark.requirement("F-07", "C-43")
def test_a_doctor_reaches_every_datum_of_a_study_of_his_hospital(case: DoctorCase) -> None:
    addresses = case.addresses()
    assert len(addresses) >= 9
    for address in addresses:
        if address.endswith("/dicom"):
            continue  # the reading page itself needs the browser's runtime: test_doctor_page
        if address.endswith("/weasis"):
            continue  # made by a form, and nothing to be read: tests/sending/test_weasis
        query = {"purpose": "care"} if address.endswith("/study.zip") else None
        answer = case.doctor.client.get(address, headers=DATA, query_string=query)
        assert answer.status_code in {200, 404}, (address, answer.status_code)
    got = [one.object_id for one in events(case.cloud, "dicom.retrieve")]
    assert got == [case.shared.series_ids[0]]
    (seen,) = events(case.cloud, "pictures.view")
    assert seen.actor == f"account:{case.facts.account_id}"


@pytest.mark.requirement("F-07")
def test_a_doctor_of_another_hospital_gets_nothing(case: DoctorCase) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        for address in case.addresses(method):
            answer = case.stranger.client.open(address, method=method, headers=DATA)
            assert answer.status_code in {400, 403, 404}, (method, address, answer.status_code)
            page = case.stranger.client.open(address, method=method)
            assert page.status_code in {400, 403, 404}, (method, address, page.status_code)
    assert {one.reason for one in events(case.cloud, "access.denied")} == {"not_authorised"}


@pytest.mark.requirement("F-07")
def test_neither_patients_nor_other_roles_come_in_by_the_doctors_door(case: DoctorCase) -> None:
    with case.cloud.database.session() as session:
        hospital = session.get_one(Study, case.shared.study_id).institution
    visitors = [case.shared.giver]
    for role in (Role.INSTITUTION_ADMINISTRATOR, Role.ADMINISTRATOR, Role.AUDITOR):
        facts = make_account(case.cloud, f"of.{role[:6]}", role=role, institution=hospital)
        visitors.append(Visitor(case.app).be(case.cloud, facts))
    for visitor in visitors:
        for address in [*case.addresses(), "/doctor/studies", "/doctor"]:
            assert visitor.client.get(address, headers=DATA).status_code == 403, address


@pytest.mark.requirement("F-07")
def test_a_doctor_does_not_come_in_by_the_patients_door(case: DoctorCase) -> None:
    base = f"/studies/{case.shared.study_id}"
    for path in ("", "/dicom?confirmed=1", "/viewer.json", "/shares/new"):
        assert case.doctor.client.get(f"{base}{path}").status_code == 403, path
    assert case.doctor.client.get("/studies").status_code == 403


@pytest.mark.requirement("F-02", "F-07")
def test_what_is_taken_from_a_doctor_is_gone_at_the_next_object(case: DoctorCase) -> None:
    grant, study_id = grant_of(case), case.shared.study_id
    assert allowed(case, grant, study_id, Action.VIEW_DICOM)
    assert not allowed(case, grant, study_id, Action.SHARE)
    other = make_institution(case.cloud)

    def change(**values: object) -> None:
        with case.cloud.database.session() as session:
            account = session.get_one(Account, case.facts.account_id)
            for name, value in values.items():
                setattr(account, name, value)

    with case.cloud.database.session() as session:
        own = session.get_one(Account, case.facts.account_id).institution_id
    for taken in (
        {"active": False},
        {"role": Role.AUDITOR},
        {"institution_id": None},
        {"institution_id": other.id},
    ):
        change(**taken)
        assert not allowed(case, grant, study_id, Action.VIEW_DICOM), taken
        change(active=True, role=Role.DOCTOR, institution_id=own)
        assert allowed(case, grant, study_id, Action.VIEW_DICOM)


@pytest.mark.requirement("F-02")
def test_a_shut_account_gets_no_further_frame(case: DoctorCase) -> None:
    address = f"{case.base}/series/{case.shared.series_ids[0]}/frames"
    assert case.doctor.client.get(address, headers=DATA).status_code == 200
    with case.cloud.database.session() as session:
        session.get_one(Account, case.facts.account_id).active = False
    assert case.doctor.client.get(address, headers=DATA).status_code in {401, 403}


@pytest.mark.requirement("A-37")
def test_a_doctor_agrees_to_the_policy_first(case: DoctorCase) -> None:
    with case.cloud.database.session() as session:
        hospital = session.get_one(Study, case.shared.study_id).institution
    facts = make_account(
        case.cloud, "dr.new", role=Role.DOCTOR, institution=hospital, consented=False
    )
    client = Visitor(case.app).be(case.cloud, facts).client
    for address in ("/doctor/studies", f"{case.base}/dicom"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (303, "/consent")
    assert client.get(f"{case.base}/viewer.json").status_code in {401, 403}


@pytest.mark.requirement("C-05", "C-29")
def test_the_reading_page_holds_navigation_report_and_what_is_kept(
    cloud: ImageCloud, patient: SignInFacts, built_assets: Path
) -> None:
    settings = dataclasses.replace(cloud.settings, assets_dir=built_assets)
    app = create_app(dataclasses.replace(cloud, settings=settings))
    case = make_doctor_case(app, cloud, patient)
    with cloud.database.session() as session:
        preferences.keep(session, case.facts.account_id, {"toolbar": "bottom"})
    page = case.doctor.get(f"{case.base}/dicom").get_data(as_text=True)
    assert 'data-toolbar="bottom"' in page
    assert 'data-command="mouse.mapping"' in page
    assert "肺纹理清晰" in page  # the findings of the reviewed report
    for name in ("序列1", "序列2"):
        assert name in page
    assert f'href="{case.base}' in page
    assert f"{case.base}/watermark.svg" in page
    assert case.stranger.get(f"{case.base}/dicom").status_code == 403
    (seen,) = events(cloud, "dicom.view")
    assert seen.actor == f"account:{case.facts.account_id}"


def test_a_doctor_signs_in_to_the_work_list(case: DoctorCase) -> None:
    page = case.doctor.get("/")
    assert case.doctor.path == "/doctor/studies"
    assert page.status_code == 200


def rows_of(page: str) -> list[str]:
    return re.findall(r'class="work-open" href="([^"]+)"', page)


@pytest.fixture
def hospital(cloud: ImageCloud) -> Institution:
    return make_institution(cloud)


@pytest.fixture
def worker(app: Flask, cloud: ImageCloud, hospital: Institution) -> Visitor:
    facts = make_account(cloud, "dr.list", role=Role.DOCTOR, institution=hospital)
    return Visitor(app).be(cloud, facts)


def titles(visitor: Visitor, query: str = "") -> list[str]:
    page = visitor.get(f"/doctor/studies{query}").get_data(as_text=True)
    return re.findall(r'<td class="work-study">\s*(?:<a[^>]*>|<span>)([^<]+)', page)


def test_the_work_list_shows_the_own_hospitals_studies_newest_first(
    cloud: ImageCloud, worker: Visitor, hospital: Institution
) -> None:
    for day, name in ((3, "third"), (9, "ninth"), (5, "fifth")):
        when = datetime(2026, 3, day, 2, tzinfo=UTC)
        make_study(
            cloud, person_id=None, institution=hospital, study_datetime=when, description=name
        )
    make_study(cloud, person_id=None, description="elsewhere")
    assert titles(worker) == ["ninth", "fifth", "third"]
    (noted,) = events(cloud, "work_list.view")
    assert noted.object_kind == "list"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?text=王小", {"a"}),
        ("?text=acc-2", {"b"}),
        ("?text=P00", {"a", "b"}),
        ("?text=%25", set()),
        ("?text=_", set()),
        ("?modality=MR", {"b"}),
        ("?since=2026-03-06", {"b"}),
        ("?until=2026-03-05", {"a"}),
        # 16:30 UTC is the next day in China.
        ("?since=2026-03-06&until=2026-03-06", {"b"}),
        ("?since=nonsense", {"a", "b"}),
        ("?until=9999-12-31", {"a", "b"}),
    ],
)
def test_the_work_list_is_narrowed(
    cloud: ImageCloud, worker: Visitor, hospital: Institution, query: str, expected: set[str]
) -> None:
    make_study(
        cloud, person_id=None, institution=hospital, description="a", patient_name="王小明",
        patient_id="P001", accession_number="ACC-1",
        study_datetime=datetime(2026, 3, 4, 23, 30, tzinfo=UTC),
    )  # fmt: skip
    make_study(
        cloud, person_id=None, institution=hospital, description="b", patient_name="李雷",
        patient_id="P002", accession_number="ACC-2", modality="MR",
        study_datetime=datetime(2026, 3, 5, 16, 30, tzinfo=UTC),
    )  # fmt: skip
    assert set(titles(worker, query)) == expected


def test_the_work_list_goes_on_page_by_page(
    cloud: ImageCloud, worker: Visitor, hospital: Institution
) -> None:
    for number in range(53):
        make_study(
            cloud, person_id=None, institution=hospital, description=f"s{number:02}", series=0,
            study_datetime=datetime(2026, 3, 1, number // 60, number % 60, tzinfo=UTC),
        )  # fmt: skip
    first = titles(worker, "?text=")
    assert first == [f"s{number:02}" for number in range(52, 2, -1)]
    more = re.search(r'hx-get="([^"]+)"', worker.text)
    assert more
    rest = worker.get(more[1].replace("&amp;", "&"), headers={"HX-Request": "true"})
    text = rest.get_data(as_text=True)
    assert "<html" not in text
    assert re.findall(r">(s\d\d)<", text) == ["s02", "s01", "s00"]
    assert worker.get("/doctor/studies?page=nonsense").status_code == 400


def test_an_emergency_is_marked(cloud: ImageCloud, worker: Visitor, hospital: Institution) -> None:
    make_study(cloud, person_id=None, institution=hospital, description="calm")
    make_study(cloud, person_id=None, institution=hospital, description="haste", priority="STAT")
    page = worker.get("/doctor/studies").get_data(as_text=True)
    rows = page.split("<tr")
    assert [("急诊" in row) for row in rows if "calm" in row] == [False]
    assert [("急诊" in row) for row in rows if "haste" in row] == [True]


@pytest.mark.requirement("C-41")
def test_emergencies_without_a_report_stand_before_newer_studies(
    cloud: ImageCloud, worker: Visitor, hospital: Institution
) -> None:
    def add(name: str, day: int, report: ReportStatus | None, priority: str = "STAT") -> None:
        make_study(
            cloud, person_id=None, institution=hospital, description=name, report=report,
            priority=priority, study_datetime=datetime(2026, 3, day, tzinfo=UTC),
        )  # fmt: skip

    add("older haste", 1, None)
    add("haste with a draft", 2, ReportStatus.DRAFT)
    add("haste that is reported", 3, ReportStatus.REVIEWED)
    add("calm", 4, None, "ROUTINE")
    add("newest", 5, ReportStatus.REVIEWED, "")
    in_order = ["haste with a draft", "older haste", "newest", "calm", "haste that is reported"]
    assert titles(worker, "") == in_order
    for length in (1, 2, 3, 5):
        assert in_parts(cloud, "dr.list", length) == in_order, length


def in_parts(cloud: ImageCloud, login: str, length: int) -> list[str]:
    """Return the descriptions of a doctor's work list, read in pages of `length`."""
    found: list[str] = []
    page: str | None = None
    with cloud.database.session() as session:
        account = session.scalars(select(Account).where(Account.login == login)).one()
        grant = access.doctor_grant(cloud, session, account)
        wanted = work_list.WorkListFilter()
        while True:
            part = work_list.work_list(session, grant, wanted, page=page, length=length)
            assert len(part.entries) <= length
            found += [entry.description for entry in part.entries]
            page = part.next_page
            if page is None:
                return found


def test_a_doctor_of_no_hospital_sees_an_empty_list(app: Flask, cloud: ImageCloud) -> None:
    make_study(cloud, person_id=None)
    facts = make_account(cloud, "dr.nowhere", role=Role.DOCTOR)
    assert titles(Visitor(app).be(cloud, facts)) == []


def test_the_page_says_that_other_hospitals_need_the_patients_authorisation(
    case: DoctorCase,
) -> None:
    page = case.doctor.get("/doctor/studies").get_data(as_text=True)
    assert "其他医院的检查须经患者授权后才能查看" in page
    assert rows_of(page) == [f"{case.base}/dicom"]


@pytest.mark.requirement("C-40")
def test_doctors_and_recipients_see_who_reads_and_patients_do_not(case: DoctorCase) -> None:
    series = f"series/{case.shared.series_ids[0]}/manifest.json"

    def watermark(client: FlaskClient, base: str) -> str:
        answer = client.get(f"{base}/{series}?watermark=0&watermark=", headers=DATA)
        return str(answer.json["series"].get("watermark"))

    own = f"/studies/{case.shared.study_id}"
    assert watermark(case.shared.giver.client, own) == ""
    assert case.shared.giver.client.get(f"{own}/watermark.svg", headers=DATA).status_code == 404
    words = watermark(case.doctor.client, case.base)
    assert re.fullmatch(r"dr\.own \d{4}-\d\d-\d\d \d\d:\d\d", words)
    tile = case.doctor.client.get(f"{case.base}/watermark.svg", headers=DATA)
    assert tile.content_type.startswith("image/svg+xml")
    assert "dr.own" in tile.get_data(as_text=True)
    page = case.doctor.get(f"{case.base}/images").get_data(as_text=True)
    assert f'src="{case.base}/watermark.svg"' in page
    given = case.shared.give(recipient="王<医生>", dicom="y")
    recipient = case.shared.recipient(given).client
    assert "王<医生>" in watermark(recipient, f"/s/{given.share_id}")
    drawn = recipient.get(f"/s/{given.share_id}/watermark.svg", headers=DATA)
    assert "王&lt;医生&gt;" in drawn.get_data(as_text=True)
