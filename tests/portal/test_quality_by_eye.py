"""Quality judged by eye: asked of the duty that can tell, and shown beside the automatic grade."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from portal.app import create_app
from portal.cli import cli
from server.cloud import ImageCloud
from server.model import AuditEvent, Duty, ManualJudgement, QualityResult
from server.quality import manual
from tests.assets.conftest import built_assets as built_assets
from tests.factories import SignInFacts
from tests.portal.doctor_case import DoctorCase, make_doctor_case

WORDS = ("检查规范", "体位准确", "图像清晰", "组织对比良好", "图像大小合适", "照射野正确",
         "需要时分格显示", "无失真变形", "无操作缺陷", "无伪影", "排版整洁")  # fmt: skip


@pytest.fixture
def case(cloud: ImageCloud, patient: SignInFacts, built_assets: Path) -> DoctorCase:
    settings = dataclasses.replace(cloud.settings, assets_dir=built_assets)
    app = create_app(dataclasses.replace(cloud, settings=settings))
    return make_doctor_case(app, cloud, patient)


def found(case: DoctorCase, version: int, rule: str) -> None:
    """Let the automatic judgement leave a finding to people."""
    finding = {"rule": rule, "requirement": "", "severity": "review", "evidence": "甲 / one"}
    with case.cloud.database.session() as session:
        session.add(
            QualityResult(
                study_id=case.shared.study_id, version=version, input_sha256=str(version),
                rules_version="1", outcome="review", grade="A", grade_rule="no_defects",
                completeness=100, findings=[finding],
            )
        )  # fmt: skip


def give(case: DoctorCase, login: str, duty: str) -> str:
    environ = {"YINGYUN_HOME": str(case.cloud.settings.home), "YINGYUN_REGION_CODE": "500000"}
    asked = ["user", "quality-duty", "--login", login, "--duty", duty]
    return CliRunner().invoke(cli, asked, env=environ).output


@pytest.mark.requirement("I-12", "I-13")
def test_whose_duty_it_is_fills_in_the_form_and_the_grade_is_shown(case: DoctorCase) -> None:
    form = f"{case.base}/quality"
    assert "您没有质控职责" in case.doctor.get("/doctor/quality").get_data(as_text=True)
    assert case.doctor.get(form).status_code == 404
    assert "已分配" in give(case, "dr.own", "diagnostician")
    assert "已分配" in give(case, "dr.other", "technologist")
    assert case.stranger.get(form).status_code in {403, 404}, "not of this hospital"

    found(case, 1, "complete")
    assert form not in case.doctor.get("/doctor/quality").get_data(as_text=True), "a technologist's"
    found(case, 2, "real_human")
    assert form in case.doctor.get("/doctor/quality").get_data(as_text=True)

    page = case.doctor.get(form).get_data(as_text=True)
    assert [words for words in WORDS if f">{words}</label>" not in page] == []
    answers = {f"item-{name}": "met" for name in manual.ITEMS}
    case.doctor.submit(form, **answers | {"item-position": ""}, grade="B")
    assert "请逐项选择" in case.doctor.text
    case.doctor.submit(
        form, **answers | {"item-position": "not_met"}, grade="C", comment="左侧偏转"
    )
    assert "已保存人工评定" in case.doctor.text
    assert form not in case.doctor.get("/doctor/quality").get_data(as_text=True)
    shown = case.doctor.get(f"{case.base}/dicom").get_data(as_text=True)
    for words in ("自动初评", "<h3>人工评定</h3>", "<dt>诊断医师</dt>", "丙级", "不符合：体位准确"):
        assert words in shown

    with case.cloud.database.session() as session:
        (kept,) = session.scalars(select(ManualJudgement)).all()
        assert (kept.grade, kept.duty, kept.result_version) == ("C", Duty.DIAGNOSTICIAN, 2)
        event = session.scalars(
            select(AuditEvent).where(AuditEvent.event == "quality.judge_by_eye")
        ).one()
        assert event.detail == {"duty": "diagnostician", "grade": "C", "not_met": ["position"]}
    assert "已分配" in give(case, "dr.own", "none")
    assert case.doctor.get(form).status_code == 404


def test_findings_go_to_the_duty_that_can_tell() -> None:
    assert manual.duties_for(["complete"]) == {Duty.TECHNOLOGIST}
    assert manual.duties_for(["unaltered", "sex_and_part"]) == {Duty.ENGINEER, Duty.DIAGNOSTICIAN}
