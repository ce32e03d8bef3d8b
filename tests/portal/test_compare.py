"""Two examinations side by side: each authorised by itself, every sentence in its place."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select

from server.cloud import ImageCloud
from server.model import AuditEvent, ReportStatus, Study
from tests.factories import SignInFacts, make_person, make_study
from tests.portal.share_case import ShareCase, make_case
from tests.visitor import Visitor

EARLIER = "右肺上叶见结节，直径约5mm。气管通畅。\n肝内未见异常。"
LATER = "1. 右肺上叶见结节，直径约8mm。气管通畅。\n2. 左肾囊肿。"


@pytest.fixture
def case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> ShareCase:
    """The later of two chest examinations has pictures."""
    made = make_case(app, cloud, patient)
    _write(cloud, made.study_id, LATER, "右肺结节增大。")
    return made


def _write(cloud: ImageCloud, study_id: str, findings: str, impression: str) -> None:
    with cloud.database.session() as session:
        study = session.get_one(Study, study_id)
        study.body_part = "CHEST"
        (report,) = study.reports
        report.findings, report.impression = findings, impression


def earlier(case: ShareCase, patient: SignInFacts, **facts: object) -> str:
    known = {
        "person_id": patient.person_id,
        "study_datetime": datetime(2025, 3, 1, 2, tzinfo=UTC),
        "description": "胸部低剂量CT",
    }
    study = make_study(case.cloud, **{**known, **facts})  # type: ignore[arg-type]
    if facts.get("report", ReportStatus.REVIEWED) is not None:
        _write(case.cloud, study.study_id, EARLIER, "右肺结节。")
    return study.study_id


def asked(case: ShareCase, *ids: str) -> str:
    return "/studies/compare?" + "&".join(
        f"{name}={one}" for name, one in zip(("first", "second"), ids, strict=False)
    )


@pytest.mark.requirement("A-44")
def test_both_reports_stand_beside_each_other_part_by_part(
    case: ShareCase, patient: SignInFacts
) -> None:
    other = earlier(case, patient)
    choice = case.giver.get(asked(case, case.study_id)).get_data(as_text=True)
    href = re.search(r'class="card compare-choice" href="([^"]+)"', choice)
    assert href and "胸部低剂量CT" in choice
    page = case.giver.get(unescape(href[1])).get_data(as_text=True)
    # The earlier one comes first, whichever was chosen first.
    assert page.index("2025-03-01") < page.index("2026-03-01")
    parts = re.findall(r"<h3>([^<]+)</h3>", page)
    assert parts == ["肺与气道", "肺与气道", "肝与胆道", "肾、输尿管与肾上腺"]
    sections = page.split('<section class="compare-part">')[1:]
    said = [[li.strip() for li in re.findall(r"<li>([^<]+)", one)] for one in sections]
    assert said[1][:2] == ["右肺上叶见结节，直径约5mm。", "气管通畅。"]
    assert "右肺上叶见结节，直径约8mm。" in said[1] and sections[1].count("两次相同") == 2
    assert "报告未提及" in sections[2] and said[3] == ["左肾囊肿。"]
    picture = re.search(r'<img src="([^"]+/full)"', page)
    assert picture and case.giver.client.get(picture[1]).status_code == 200
    assert f'href="/studies/{case.study_id}"' in page and f'href="/studies/{other}/report"' in page


@pytest.mark.requirement("A-44", "F-07", "F-10")
def test_each_of_the_two_is_authorised_and_recorded(
    app: Flask, case: ShareCase, patient: SignInFacts
) -> None:
    own = earlier(case, patient)
    stranger = make_person(case.cloud, "李四光")
    others = earlier(case, replace(patient, person_id=stranger.id))
    draft = earlier(case, patient, report=ReportStatus.DRAFT)
    client = case.giver.client
    codes = {
        "both mine": client.get(asked(case, case.study_id, own)).status_code,
        "second another's": client.get(asked(case, case.study_id, others)).status_code,
        "first another's": client.get(asked(case, others, case.study_id)).status_code,
        "not reviewed": client.get(asked(case, case.study_id, draft)).status_code,
        "none": client.get("/studies/compare").status_code,
        "made up": client.get(asked(case, "x" * 22)).status_code,
    }
    assert codes == {
        "both mine": 200, "second another's": 403, "first another's": 403, "not reviewed": 403,
        "none": 404, "made up": 404,
    }  # fmt: skip
    assert Visitor(app).client.get(asked(case, case.study_id, own)).status_code in (302, 303)
    with case.cloud.database.session() as session:
        looked = session.scalars(
            select(AuditEvent.object_id).where(AuditEvent.event == "study.compare")
        ).all()
    assert sorted(looked) == sorted([case.study_id, own])
    choice = client.get(asked(case, case.study_id)).get_data(as_text=True)
    assert own in choice and others not in choice and draft not in choice


def test_what_does_not_belong_together_is_not_laid_together(
    case: ShareCase, patient: SignInFacts
) -> None:
    head = earlier(case, patient)
    with case.cloud.database.session() as session:
        session.get_one(Study, head).body_part = "HEAD"
    for second in (head, case.study_id):
        page = case.giver.get(asked(case, case.study_id, second)).get_data(as_text=True)
        assert "只能对比同一个人同一部位的两次检查" in page
        assert "没有可以对比的检查" in page


def test_a_report_on_paper_is_not_read_here_either(case: ShareCase, patient: SignInFacts) -> None:
    other = earlier(case, patient)
    with case.cloud.database.session() as session:
        session.get_one(Study, case.study_id).digital_film = False
    page = case.giver.get(asked(case, case.study_id, other)).get_data(as_text=True)
    assert "8mm" not in page and "这次检查的报告不能在这里查看" in page and "5mm" in page
