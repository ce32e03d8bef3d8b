"""Images, reports and identities carry marks; a policy says what these forbid, to whom (F-09)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from portal.app import create_app
from portal.cli import cli
from server.cloud import ImageCloud
from server.model import AuditEvent, Report, Study
from server.sensitivity import Marked, PolicyError, Sensitivity, load_policy, set_marks
from tests.factories import SignInFacts
from tests.portal.doctor_case import DoctorCase, make_doctor_case
from tests.visitor import Visitor

TAKEN = "study.zip?purpose=care"


@pytest.fixture
def case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> DoctorCase:
    """A study of his hospital that a doctor may read and export, and its patient shares."""
    return make_doctor_case(app, cloud, patient)


def mark(case: DoctorCase, **marks: str) -> None:
    with case.cloud.database.session() as session:
        study = session.get_one(Study, case.shared.study_id)
        chosen = {Marked(of): Sensitivity(how) for of, how in marks.items()}
        assert set_marks(session, study, chosen, actor="test") == ()


@pytest.mark.requirement("F-09")
@pytest.mark.parametrize("of", list(Marked))
def test_what_is_specially_sensitive_is_read_and_not_taken_away(case: DoctorCase, of: str) -> None:
    taken = f"{case.base}/{TAKEN}"
    assert case.doctor.client.get(taken).status_code == 200
    mark(case, **{of: "special"})
    refused = case.doctor.client.get(taken)
    assert refused.status_code == 403
    assert "不能下载、导出或发送" in refused.get_data(as_text=True)
    assert case.doctor.client.get(f"{case.base}/report.pdf").status_code == 403
    assert "data-sensitive" in case.doctor.get(f"{case.base}/report").text
    own = case.shared.giver.client.get(f"/studies/{case.shared.study_id}/report.pdf")
    assert own.status_code == 200, "the patient's own stays his"
    with case.cloud.database.session() as session:
        denials = session.scalars(select(AuditEvent).where(AuditEvent.event == "access.denied"))
        assert {one.reason for one in denials} == {"sensitive"}
    mark(case, **{of: "personal"})
    assert case.doctor.client.get(taken).status_code == 200


@pytest.mark.requirement("F-09")
def test_every_record_carries_a_mark_from_the_beginning(case: DoctorCase) -> None:
    with case.cloud.database.session() as session:
        study = session.get_one(Study, case.shared.study_id)
        report = session.scalars(select(Report)).one()
        assert study.person is not None
        marks = {study.sensitivity, report.sensitivity, study.person.sensitivity}
    assert marks == {Sensitivity.PERSONAL}


@pytest.mark.requirement("F-09")
def test_a_site_may_forbid_more(case: DoctorCase, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(
        '[[rules]]\nof = "images"\nmark = "special"\nto = ["doctor"]\ndeny = ["view_pictures"]\n'
    )
    stricter = replace(case.cloud, sensitivity=load_policy(file))
    doctor = Visitor(create_app(stricter)).be(stricter, case.facts)
    study = f"{case.base}/images"
    assert doctor.client.get(study).status_code == 200
    mark(case, images="special")
    assert doctor.client.get(study).status_code == 403
    assert doctor.client.get(f"{case.base}/report").status_code == 200
    file.write_text('[[rules]]\nof = "images"\nmark = "secret"\nto = ["doctor"]\ndeny = []\n')
    with pytest.raises(PolicyError, match="secret"):
        load_policy(file)
    file.write_text('[[rules]]\nof = "images"\nmark = "special"\nto = ["doctor"]\ndeny = ["x"]\n')
    with pytest.raises(PolicyError, match="no such action"):
        load_policy(file)


@pytest.mark.requirement("F-09")
def test_an_operator_marks_by_accession_number(case: DoctorCase) -> None:
    environ = {"YINGYUN_HOME": str(case.cloud.settings.home), "YINGYUN_REGION_CODE": "500000"}
    with case.cloud.database.session() as session:
        study = session.get_one(Study, case.shared.study_id)
        named = (study.institution.code, study.accession_number)

    def run(*options: str) -> int:
        arguments = ["sensitivity", *named, *options]
        return CliRunner().invoke(cli, arguments, env=environ).exit_code

    assert run("--images", "special", "--identity", "general") == 0
    assert run() == 2 and run("--report", "secret") == 2
    with case.cloud.database.session() as session:
        study = session.get_one(Study, case.shared.study_id)
        assert study.person is not None
        assert (study.sensitivity, study.person.sensitivity) == ("special", "general")
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.event == "sensitivity.mark"))
        assert event.detail == {"images": "special", "identity": "general"}
