"""A report shows the 13 labels with stored values."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from server import reports
from server.cloud import ImageCloud
from server.model import Report, ReportStatus, Study
from tests.services.conftest import MakeStudy, make_person

LABELS = [
    "医院名称",
    "患者姓名",
    "年龄/性别",
    "检查号",
    "检查类型",
    "检查部位",
    "检查项目名称",
    "申请日期",
    "检查日期",
    "报告日期",
    "影像表现",
    "诊断意见",
    "报告/审核医师",
]


def fields(
    cloud: ImageCloud, study: Study, report: Report | None, **options: bool
) -> dict[str, str]:
    with cloud.database.session() as session:
        loaded = session.get_one(Study, study.study_id)
        shown = reports.report_fields(report, loaded, loaded.person, **options)
    assert [field.label for field in shown] == LABELS
    return {field.label: field.value for field in shown}


@pytest.mark.requirement("A-19")
def test_the_thirteen_labels_carry_the_stored_values(
    cloud: ImageCloud, make_study: MakeStudy
) -> None:
    person = make_person(cloud, sex="F", birth_date=date(1960, 3, 2))
    study = make_study(
        person,
        # 16:30 UTC is the next day in China: the 60th birthday is reached there.
        when=datetime(2020, 3, 1, 16, 30, tzinfo=UTC),
        accession_number="A100",
        body_part="胸部",
        modality="DX",
        patient_age="001Y",
    )
    report = Report(
        exam_item="胸部正位",
        findings="双肺纹理清晰",
        impression="未见异常",
        requested_at=datetime(2020, 2, 28, 3, tzinfo=UTC),
        reported_at=datetime(2020, 3, 2, 3, tzinfo=UTC),
        reporting_physician="李医师",
        reviewing_physician="王医师",
    )
    assert fields(cloud, study, report) == dict(
        zip(
            LABELS,
            ["重庆市第一示范医院", "张三丰", "60岁/女", "A100", "DR", "胸部", "胸部正位",
             "2020-02-28", "2020-03-02", "2020-03-02", "双肺纹理清晰", "未见异常",
             "李医师/王医师"],
            strict=True,
        )
    )  # fmt: skip
    assert fields(cloud, study, report, show_identity=False)["患者姓名"] == "张**"


def test_what_is_not_known_is_a_dash(cloud: ImageCloud, make_study: MakeStudy) -> None:
    study = make_study(None, patient_age="009M", patient_sex="M", report=None)
    shown = fields(cloud, study, None)
    assert shown["年龄/性别"] == "9个月/男"
    known = {"医院名称", "年龄/性别", "检查类型", "检查日期"}
    assert {label for label, value in shown.items() if value != "-"} == known


@pytest.mark.parametrize(
    ("born", "age"),
    [
        (date(2026, 3, 1), "0天"),
        (date(2026, 2, 2), "27天"),
        (date(2026, 2, 1), "1个月"),
        (date(2023, 3, 2), "35个月"),
        (date(2023, 3, 1), "3岁"),
        (date(1926, 3, 2), "99岁"),
        (date(2026, 3, 2), ""),
    ],
)
def test_ages(born: date, age: str) -> None:
    assert reports.age_at(born, date(2026, 3, 1)) == age


def test_the_newest_reviewed_version_is_served(cloud: ImageCloud, make_study: MakeStudy) -> None:
    study = make_study(make_person(cloud))
    with cloud.database.session() as session:
        for version, status in ((2, ReportStatus.REVIEWED), (3, ReportStatus.DRAFT)):
            session.add(Report(study_id=study.study_id, version=version, status=status))
    with cloud.database.session() as session:
        served = reports.served_report(session, study)
        assert served is not None and served.version == 2
        loaded = session.get_one(Study, study.study_id)
        assert reports.served_of(loaded.reports) is served
        session.get_one(Report, served.id).status = ReportStatus.WITHDRAWN
    with cloud.database.session() as session:
        assert reports.served_report(session, study) is None
