"""The reading page shows report, images and quality result (C-37, E-31, D-22)."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from sqlalchemy import delete

from portal.app import create_app
from server.cloud import ImageCloud
from server.model import QualityOutcome, QualityResult
from server.quality import judging
from tests.assets.conftest import built_assets as built_assets
from tests.factories import SignInFacts
from tests.portal.doctor_case import DoctorCase, make_doctor_case

EIGHT = [
    "质量等级",
    "拍摄范围",
    "中心线",
    "拍摄体位",
    "清晰度",
    "图像颗粒",
    "信噪比",
    "伪影",
]


@pytest.fixture
def case(cloud: ImageCloud, patient: SignInFacts, built_assets: Path) -> DoctorCase:
    settings = dataclasses.replace(cloud.settings, assets_dir=built_assets)
    app = create_app(dataclasses.replace(cloud, settings=settings))
    return make_doctor_case(app, cloud, patient)


def panel(case: DoctorCase) -> str:
    page = case.doctor.get(f"{case.base}/dicom").get_data(as_text=True)
    found = re.search(r'<section class="quality".*?</section>', page, re.DOTALL)
    assert found is not None
    return found[0]


@pytest.mark.requirement("I-08")
def test_eight_labelled_values_stand_beside_the_report(case: DoctorCase) -> None:
    judged = judging.judge_study(case.cloud, case.shared.study_id)
    assert judged is not None
    shown = panel(case)
    assert re.findall(r"<dt>(.*?)</dt>", shown) == EIGHT
    values = re.findall(r"<dd>([^<]*)", shown)
    told = {one["name"]: one for one in judged.dimensions}
    assert told["granularity"]["value"].strip() in [value.strip() for value in values]
    assert all(value.strip() for value in values)
    assert "自动计算" in shown


@pytest.mark.requirement("D-22")
def test_a_failed_result_is_told_with_its_reasons(case: DoctorCase) -> None:
    judging.judge_study(case.cloud, case.shared.study_id)
    with case.cloud.database.session() as session:
        session.add(
            QualityResult(
                study_id=case.shared.study_id,
                version=9,
                input_sha256="0" * 64,
                rules_version="1",
                outcome=QualityOutcome.FAILED,
                grade="D",
                grade_rule="invalid_image",
                completeness=93,
                findings=[
                    {
                        "rule": "valid_image",
                        "requirement": "I-01",
                        "severity": "fail",
                        "evidence": "序列 2：全黑 / series 2: black",
                    }
                ],
            )
        )
    shown = panel(case)
    assert 'data-outcome="failed"' in shown
    assert "质控未通过" in shown
    assert "丁级" in shown
    assert "序列 2：全黑" in shown
    assert shown.count("未评定") == 7, "what nobody judged is said to be so"
    assert "第 9 次评定" in shown
    case.doctor.get("/doctor/studies")
    case.doctor.submit("/language", language="en")
    english = panel(case)
    assert "Grade D" in english
    assert "series 2: black" in english
    assert not re.search(r"[\u4e00-\u9fff]", english)


def test_a_study_without_result_says_so(case: DoctorCase) -> None:
    with case.cloud.database.session() as session:
        session.execute(delete(QualityResult))
    assert "尚未生成" in panel(case)
