"""What the patient sees: who looked, by which right; what he agreed to at registration."""

from __future__ import annotations

import re

import pytest

from server import authorisations
from server.authorisations import caching
from server.model import Account, Institution, Person
from tests.authorisations.case import DATA, AuthorisationCase
from tests.factories import make_institution

VISITS = "/authorisations/visits"


def rows(page: str) -> list[str]:
    """The words of each entry of the list, without marks."""
    found = re.findall(r'<li class="authorisation-visit">(.*?)</li>', page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in found]


@pytest.mark.requirement("F-41", "E-33")
def test_each_opening_is_listed_with_time_reader_and_right(case: AuthorisationCase) -> None:
    study = f"/studies/{case.study_id}"
    case.patient.get(f"{study}/report")
    given = case.shared.give(recipient="王医生")
    case.shared.recipient(given).get(f"/s/{given.share_id}/report")
    asked = case.ask(method="app_confirmation")
    case.answer(asked)
    case.accept(asked)
    case.doctor.get(f"/doctor{study}/report")
    found = rows(case.patient.get(VISITS).get_data(as_text=True))
    assert len(found) == 3
    doctor, share, own = found
    assert "dr.other" in doctor and "第二示范医院" in doctor and "经您授权" in doctor
    assert "王医生" in share and "您的分享" in share
    assert "本人" in own and "查看报告" in own
    assert all(re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", one) for one in found)
    for whom, expected in (("doctors", doctor), ("shares", share), ("own", own)):
        page = case.patient.get(f"{VISITS}?whom={whom}").get_data(as_text=True)
        assert rows(page) == [expected]
    openings = case.records("retrieval")
    assert [one.about for one in openings] == [case.study_id] * 3
    assert {one.content["door"] for one in openings} == {"patient", "share", "doctor"}


def test_the_list_goes_on_page_by_page_without_a_gap(case: AuthorisationCase) -> None:
    for _ in range(23):
        case.patient.get(f"/studies/{case.study_id}/report")
    first = case.patient.get(VISITS).get_data(as_text=True)
    more = re.search(r'href="([^"]*before=\d+[^"]*)"', first)
    assert more is not None
    address = more[1].replace("&amp;", "&")
    part = case.patient.get(address, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert (len(rows(first)), len(rows(part))) == (20, 3)
    assert "<html" not in part


def test_nobody_sees_the_visits_of_others(case: AuthorisationCase) -> None:
    case.patient.get(f"/studies/{case.study_id}/report")
    for visitor in (case.doctor, case.administrator):
        assert visitor.client.get(VISITS, headers=DATA).status_code == 403


@pytest.mark.requirement("A-47", "F-24")
def test_caching_consents_are_listed_with_hospital_and_time_and_can_be_withdrawn(
    case: AuthorisationCase,
) -> None:
    hospital = make_institution(case.cloud, name="挂号示范医院")
    person_id = case.patient_facts.person_id or 0

    def may() -> bool:
        with case.cloud.database.session() as session:
            return authorisations.may_cache(
                session, person_id=person_id, institution_id=hospital.id
            )

    assert not may()
    with case.cloud.database.session() as session:
        for _ in range(2):  # twice in one visit is once
            given = authorisations.record_caching_consent(
                session,
                person=session.get_one(Person, person_id),
                institution=session.get_one(Institution, hospital.id),
                encounter="V1",
            )
    assert may()
    page = case.patient.get("/authorisations").get_data(as_text=True)
    assert page.count("挂号示范医院") == 2  # its name, and its button's
    assert "同意于" in page
    action = f"/authorisations/caching/{given.consent_id}/withdraw"
    case.patient.submit(action)
    assert not may()
    assert [one.event for one in case.events("caching.withdraw")] == ["caching.withdraw"]
    with case.cloud.database.session() as session:
        account = session.get_one(Account, case.patient_facts.account_id)
        (kept,) = caching.caching_consents_of(session, account)
        assert kept.text_sha256
        assert kept.text_version == caching.TEXT_VERSION


@pytest.mark.requirement("H-05")
def test_the_history_lists_requests_reports_and_images_of_all_hospitals(
    case: AuthorisationCase,
) -> None:
    from datetime import UTC, datetime

    from server.model import Report, Study

    with case.cloud.database.session() as session:
        report = session.get_one(Study, case.study_id).reports[0]
        found = session.get_one(Report, report.id)
        found.exam_item, found.requested_at = "胸部CT平扫", datetime(2026, 2, 28, 1, 0, tzinfo=UTC)
    asked = case.ask(method="app_confirmation")
    case.answer(asked)
    case.accept(asked)
    page = case.doctor.get(f"/doctor/requests/{asked}").get_data(as_text=True)
    assert "2026-02-28 09:00" in page
    assert f'href="/doctor/studies/{case.study_id}/report"' in page
    assert f'href="/doctor/studies/{case.study_id}/dicom"' in page
    assert "第一示范医院" in page
    work = case.doctor.get("/doctor/studies").get_data(as_text=True)
    assert f'href="/doctor/requests/{asked}"' in work
    assert "其他医院 1 项检查" in work
