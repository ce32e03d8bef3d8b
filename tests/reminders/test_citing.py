"""Copying with a citation id, and finding it again (H-07, H-08, E-33)."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import select

from server.clients import Scope
from server.cloud import ImageCloud
from server.model import AuditEvent, Citation, OutboxEntry, Report, ReportStatus
from tests.factories import SignInFacts, make_institution, make_study
from tests.launches.asking import call, token_of
from tests.launches.case import PATIENT_ID, LaunchCase
from tests.visitor import Visitor


@pytest.fixture
def report(case: LaunchCase) -> Report:
    """The reviewed report of the patient's study."""
    with case.cloud.database.session() as session:
        found = session.scalars(select(Report).where(Report.study_id == case.study_id)).one()
        found.findings, found.impression = "右肺结节", "建议随访"
        found.reporting_physician = "李医生"
    return found


def copy(case: LaunchCase) -> tuple[str, str]:
    """Press the key on the report's page in a launch; returns the page and its base."""
    visitor = Visitor(case.app)
    base = case.open(visitor)
    visitor.get(f"{base}/studies/{case.study_id}/report")
    visitor.submit(f"{base}/studies/{case.study_id}/citations")
    return visitor.text, base


@pytest.mark.requirement("H-07", "E-33")
def test_the_copied_text_carries_an_id_that_finds_report_doctor_time_and_patient(
    case: LaunchCase, report: Report
) -> None:
    first, _ = copy(case)
    with case.cloud.database.session() as session:
        (kept,) = session.scalars(select(Citation)).all()
        assert kept.citation_id in first
        for words in (report.findings, report.impression):
            assert words in first
        told = session.scalars(select(OutboxEntry).where(OutboxEntry.kind == "citation")).one()
        assert told.about == case.study_id
        assert told.content["citation_id"] == kept.citation_id
        assert session.scalars(select(AuditEvent).where(AuditEvent.event == "report.cite")).one()
    token = token_of(case, scope="citation.read")
    said = kept.citation_id.lower().replace("-", "")
    found = call(case, "GET", f"/citations/{said}", token).get_json()
    cited_by = {"code": "D001", "name": "王医生", "licence_number": ""}
    assert found["cited_by"] == cited_by
    assert (found["patient_id"], found["encounter"]) == (PATIENT_ID, "V1")
    assert found["report"]["findings"] == "右肺结节"
    assert found["reporting_physician"] == "李医生"
    text = first.split("readonly>", 1)[1].split("</textarea>", 1)[0]
    assert hashlib.sha256(text.encode()).hexdigest() == found["text_sha256"]
    copy(case)
    with case.cloud.database.session() as session:
        assert len(set(session.scalars(select(Citation.citation_id)))) == 2


@pytest.mark.requirement("H-07")
def test_a_citation_is_nobody_elses(case: LaunchCase, report: Report) -> None:
    from server import clients

    copy(case)
    other = make_institution(case.cloud, name="第三示范医院")
    with case.cloud.database.session() as session:
        citation_id = session.scalars(select(Citation.citation_id)).one()
        made = clients.register(
            session, institution=session.merge(other, load=False), name="HIS", origins=[],
            scopes=[Scope.CITATION_READ],
        )  # fmt: skip
        client_id = made.client.client_id
    asked = case.app.test_client().post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, made.secret)
    )
    token = asked.get_json()["access_token"]
    assert call(case, "GET", f"/citations/{citation_id}", token).status_code == 404


def test_another_hospitals_report_is_not_cited_without_an_authorisation(
    case: LaunchCase, patient: SignInFacts, cloud: ImageCloud
) -> None:
    elsewhere = make_institution(cloud, name="第二示范医院")
    study = make_study(cloud, person_id=patient.person_id, institution=elsewhere)
    visitor = Visitor(case.app)
    base = case.open(visitor)
    visitor.get(f"{base}/studies/{case.study_id}/report")
    form = next(one for one in visitor.forms() if one.action.endswith("/citations"))
    sent = visitor.client.post(f"{base}/studies/{study.study_id}/citations", data=form.fields)
    assert sent.status_code == 403
    with cloud.database.session() as session:
        assert session.scalars(select(Citation)).all() == []


def test_without_a_reviewed_report_there_is_no_key(case: LaunchCase, report: Report) -> None:
    with case.cloud.database.session() as session:
        session.get_one(Report, report.id).status = ReportStatus.DRAFT
    visitor = Visitor(case.app)
    base = case.open(visitor)
    visitor.get(f"{base}/studies/{case.study_id}/report")
    assert not [one for one in visitor.forms() if one.action.endswith("/citations")]
