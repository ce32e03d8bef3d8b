"""The report: three blocks, its versions, the PDF that is read back, who may have it."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime

import pypdf
import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from server import reports, sharing
from server.cloud import ImageCloud
from server.film import fonts
from server.model import Account, AuditEvent, Report, ReportStatus, Role, Study
from server.sharing import ShareScope
from server.sharing.terms import LIFETIMES
from tests.factories import (
    SignInFacts,
    make_account,
    make_institution,
    make_person,
    make_study,
)
from tests.portal.share_case import Given, knock
from tests.visitor import Visitor

LABELS = (
    "医院名称", "患者姓名", "年龄/性别", "检查号", "检查类型", "检查部位", "检查项目名称",
    "申请日期", "检查日期", "报告日期", "影像表现", "诊断意见", "报告/审核医师",
)  # fmt: skip
FIRST = "右肺上叶见结节，直径约8mm。\n余肺清晰。"
SECOND = "右肺上叶见结节，直径约6mm。\n余肺清晰。"
needs_font = pytest.mark.skipif(fonts.system_font() is None, reason="no Chinese font is installed")


@dataclass(frozen=True)
class Case:
    """A patient whose report was corrected once; its first version said 8 mm, its second 6 mm."""

    app: Flask
    cloud: ImageCloud
    patient: SignInFacts
    study_id: str

    def own(self, path: str = "report") -> TestResponse:
        client = Visitor(self.app).be(self.cloud, self.patient).client
        return client.get(f"/studies/{self.study_id}/{path}")

    def add(self, *versions: Report) -> None:
        with self.cloud.database.session() as session:
            stored = session.get_one(Study, self.study_id)
            stored.reports += versions

    def events(self) -> list[str]:
        with self.cloud.database.session() as session:
            return list(session.scalars(select(AuditEvent.event).order_by(AuditEvent.sequence)))


def report(version: int, findings: str, status: ReportStatus = ReportStatus.REVIEWED) -> Report:
    return Report(
        version=version,
        status=status,
        exam_item="胸部CT平扫",
        exam_overview="仰卧位，层厚5mm。",
        findings=findings,
        impression="右肺结节，建议复查。",
        requested_at=datetime(2026, 2, 28, 3, tzinfo=UTC),
        reported_at=datetime(2026, 3, version, 3, tzinfo=UTC),
        reporting_physician="李医师",
        reporting_physician_code="D110000000101",
        reviewing_physician="王医师",
    )


@pytest.fixture
def case(app: Flask, cloud: ImageCloud, patient: SignInFacts) -> Case:
    study = make_study(
        cloud,
        person_id=patient.person_id,
        report=None,
        accession_number="A100",
        body_part="CHEST",
        patient_age="045Y",
        patient_sex="M",
        description="胸部CT平扫",
    )
    with cloud.database.session() as session:
        stored = session.get_one(Study, study.study_id)
        stored.reports += [report(1, FIRST), report(2, SECOND)]
    return Case(app, cloud, patient, study.study_id)


@pytest.mark.requirement("A-18", "A-19", "A-50")
def test_the_report_has_three_blocks_and_its_author_a_code(case: Case) -> None:
    page = case.own().get_data(as_text=True)
    blocks = re.findall(r"<h2 id=\"(?:overview|signs|conclusion)\">([^<]+)</h2>", page)
    assert blocks == list(reports.BLOCKS) == ["检查概况", "征象描述", "诊断结论"]
    labels = re.findall(r"<dt>([^<]+)</dt>", page)
    assert sorted(labels) == sorted(LABELS)
    values = re.findall(r"<dd>([^<]+)</dd>", page)
    assert len(values) == 13 and "-" not in values
    for words in ("仰卧位，层厚5mm。", "报告医师编码：D110000000101", "李医师/王医师", "6mm"):
        assert words in page, words


@pytest.mark.requirement("A-50")
def test_the_newest_version_is_shown_and_an_earlier_one_says_what_changed(case: Case) -> None:
    page = case.own().get_data(as_text=True)
    assert "6mm" in page and "8mm" not in page
    earlier = re.search(r'href="([^"]+\?version=1)"', page)
    assert earlier
    old = case.own(f"report?{earlier[1].partition('?')[2]}").get_data(as_text=True)
    assert "这是第 1 版报告，已由第 2 版更正" in old
    assert re.search(r"删去：</b>右肺上叶见结节，直径约8mm。", old)
    assert re.search(r"改为：</b>右肺上叶见结节，直径约6mm。", old)
    assert "余肺清晰。</del>" not in old


def test_a_version_that_was_not_given_out_does_not_open(case: Case) -> None:
    case.add(
        report(3, "误传", ReportStatus.WITHDRAWN),
        report(4, SECOND),
        report(5, "草稿", ReportStatus.DRAFT),
    )
    page = case.own().get_data(as_text=True)
    assert "医院已撤回，不再提供" in page and "version=3" not in page and "version=5" not in page
    codes = [case.own(f"report?version={number}").status_code for number in (1, 3, 4, 5, 9)]
    assert codes == [200, 404, 200, 404, 404]
    assert "误传" not in case.own("report?version=1").get_data(as_text=True)


def test_a_report_taken_back_takes_its_versions_with_it(case: Case) -> None:
    case.add(report(3, SECOND, ReportStatus.WITHDRAWN))
    for path in ("report", "report?version=1", "report.pdf"):
        assert case.own(path).status_code == 403, path


@needs_font
@pytest.mark.requirement("A-43")
def test_the_pdf_reads_back_the_thirteen_labels_and_their_values(case: Case) -> None:
    page = case.own().get_data(as_text=True)
    assert f'href="/studies/{case.study_id}/report.pdf" download' in page
    answer = case.own("report.pdf")
    assert answer.status_code == 200 and answer.mimetype == "application/pdf"
    reader = pypdf.PdfReader(io.BytesIO(answer.data))
    (sheet,) = reader.pages
    assert (round(sheet.mediabox.width), round(sheet.mediabox.height)) == (595, 842)
    text = sheet.extract_text()
    for words in (
        *LABELS, *reports.BLOCKS, "第一示范医院", "张三丰", "45岁/男", "A100", "胸部CT平扫",
        "2026-02-28", "2026-03-01", "2026-03-02", "直径约6mm", "右肺结节，建议复查。",
        "李医师/王医师", "D110000000101", "index-", "第 1 页，共 1 页",
    ):  # fmt: skip
        assert words in text, words
    assert "8mm" not in text
    assert case.events()[-1] == "report.download"


@needs_font
def test_a_long_report_goes_on_on_the_next_sheet_and_loses_nothing(case: Case) -> None:
    lines = [f"{number}. 第{number}处所见，边界清楚。" for number in range(1, 121)]
    case.add(report(3, "\n".join(lines)))
    reader = pypdf.PdfReader(io.BytesIO(case.own("report.pdf").data))
    assert len(reader.pages) >= 3
    texts = [page.extract_text() for page in reader.pages]
    assert all(line in "".join(texts) for line in lines)
    for number, text in enumerate(texts, 1):
        assert f"第 {number} 页，共 {len(texts)} 页" in text


@needs_font
def test_an_earlier_version_says_so_on_paper_too(case: Case) -> None:
    text = pypdf.PdfReader(io.BytesIO(case.own("report.pdf?version=1").data)).pages[0]
    assert "已由第 2 版更正" in text.extract_text() and "8mm" in text.extract_text()


def recipient(case: Case) -> tuple[str, Visitor]:
    with case.cloud.database.session() as session:
        new = sharing.create(
            case.cloud,
            session,
            account=session.get_one(Account, case.patient.account_id),
            study=session.get_one(Study, case.study_id),
            lifetime=LIFETIMES[0],
            scope=ShareScope(report=True, images=True, dicom=False),
            show_identity=False,
        )
        share_id, secret = new.share.share_id, new.secret
    visitor = Visitor(case.app)
    assert knock(visitor, Given(share_id, "", secret, "", "")).status_code == 303
    return f"/s/{share_id}", visitor


@pytest.mark.requirement("A-19", "F-07")
def test_a_recipient_reads_the_served_report_and_keeps_nothing(case: Case) -> None:
    base, visitor = recipient(case)
    page = visitor.client.get(f"{base}/report").get_data(as_text=True)
    assert sorted(re.findall(r"<dt>([^<]+)</dt>", page)) == sorted(LABELS)
    assert "6mm" in page and "version=" not in page and "report.pdf" not in page
    assert "张三丰" not in page and "data-print" not in page
    assert visitor.client.get(f"{base}/report.pdf").status_code == 403
    assert visitor.client.get(f"{base}/report?version=1").status_code == 404


@pytest.mark.requirement("A-06", "F-07")
def test_others_get_no_pdf(case: Case) -> None:
    path = f"/studies/{case.study_id}/report.pdf"
    assert Visitor(case.app).client.get(path).status_code in (302, 303)
    other = make_account(case.cloud, "lisi", person=make_person(case.cloud, "李四光"))
    assert Visitor(case.app).be(case.cloud, other).client.get(path).status_code == 403
    elsewhere = make_account(
        case.cloud, "doctor", role=Role.DOCTOR, institution=make_institution(case.cloud)
    )
    doctor = Visitor(case.app).be(case.cloud, elsewhere).client
    assert doctor.get(f"/doctor{path}").status_code in (403, 404)
    assert "report.download" not in case.events()


@pytest.mark.requirement("A-05")
def test_a_mini_program_is_told_where_the_pdf_can_be_had(case: Case) -> None:
    client = Visitor(case.app).be(case.cloud, case.patient).client
    agent = "Mozilla/5.0 MicroMessenger/8.0 miniProgram"
    page = client.get(f"/studies/{case.study_id}/report", headers={"User-Agent": agent}).get_data(
        as_text=True
    )
    assert "report.pdf" not in page and "请用手机浏览器登录本网站后下载" in page


@pytest.mark.requirement("A-17")
def test_without_digital_film_the_report_is_had_on_paper(case: Case) -> None:
    with case.cloud.database.session() as session:
        session.get_one(Study, case.study_id).digital_film = False
    answer = case.own()
    assert answer.status_code == 403
    assert "这次检查没有选择数字胶片" in answer.get_data(as_text=True)
    assert case.own("report.pdf").status_code == 403
    line = Visitor(case.app).be(case.cloud, case.patient).get("/studies").get_data(as_text=True)
    assert "报告以纸质或胶片提供" in line and "/report" not in line.partition("<article")[2]
    with case.cloud.database.session() as session:
        session.get_one(Study, case.study_id).digital_film = True
    assert "6mm" in case.own().get_data(as_text=True)
