"""Examination reports: which version is served, and the 13 labelled values it shows (A-19)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import people
from server.model import Person, Report, ReportStatus, Study
from server.terms import body_part_label, china_time, modality_label, sex_label

if TYPE_CHECKING:
    from server.access import Grant

NO_VALUE = "-"
# The parts of a report: 检查概况 holds what is not findings or opinion.
BLOCKS = ("检查概况", "征象描述", "诊断结论")
_DICOM_AGE = re.compile(r"([0-9]{3})([DWMY])")
_AGE_UNITS = {"D": "天", "W": "周", "M": "个月", "Y": "岁"}


@dataclass(frozen=True)
class ReportField:
    """One labelled value of a report; `name` is the machine's word for it."""

    name: str
    label: str
    value: str


def served_report(session: Session, study: Study) -> Report | None:
    """Return the report that may be read: the newest version beyond draft, if it is reviewed.

    A draft of an amendment leaves the reviewed version in service; a withdrawn newest version
    leaves none (A-16, A-50).
    """
    newest = session.scalar(
        select(Report)
        .where(Report.study_id == study.study_id, Report.status != ReportStatus.DRAFT)
        .order_by(Report.version.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return newest if newest is not None and newest.status == ReportStatus.REVIEWED else None


def served_of(versions: Iterable[Report]) -> Report | None:
    """Return the served one of a study's report versions already at hand (see served_report)."""
    settled = [report for report in versions if report.status != ReportStatus.DRAFT]
    newest = max(settled, key=lambda report: report.version, default=None)
    return newest if newest is not None and newest.status == ReportStatus.REVIEWED else None


def report_fields(
    report: Report | None, study: Study, person: Person | None, *, show_identity: bool = True
) -> tuple[ReportField, ...]:
    """Return the 13 labels of A-19 in their order, from stored values; "-" where there is none.

    `person` is the insured person, whose name, sex and birth date go before what the DICOM
    object said. With `show_identity` False the name is masked, as for recipients (X-44).
    """
    name = (person.name if person is not None else "") or study.patient_name
    values = (
        ("institution", "医院名称", study.institution.name),
        ("patient_name", "患者姓名", name if show_identity else people.mask_name(name)),
        ("age_sex", "年龄/性别", _age_and_sex(study, person)),
        ("accession_number", "检查号", study.accession_number),
        ("modality", "检查类型", modality_label(study.modality)),
        ("body_part", "检查部位", body_part_label(study.body_part)),
        ("exam_item", "检查项目名称", (report.exam_item if report else "") or study.description),
        ("requested_at", "申请日期", _day(report.requested_at if report else None)),
        ("study_datetime", "检查日期", _day(study.study_datetime)),
        ("reported_at", "报告日期", _day(report.reported_at if report else None)),
        ("findings", "影像表现", report.findings if report else ""),
        ("impression", "诊断意见", report.impression if report else ""),
        ("physicians", "报告/审核医师", _physicians(report)),
    )
    return tuple(ReportField(name, label, value or NO_VALUE) for name, label, value in values)


def shows_identity(grant: Grant, *, share_option: bool) -> bool:
    """Whether a reader sees name and numbers in full: always, but as chosen on a share (X-44)."""
    return share_option if grant.share_id is not None else True


def age_at(birth_date: date, day: date) -> str:
    """Return the age on a day as it is written: whole years, months under three, days under one
    month."""
    months = (day.year - birth_date.year) * 12 + day.month - birth_date.month
    if day.day < birth_date.day:
        months -= 1
    if day < birth_date:
        return ""
    if months >= 36:
        return f"{months // 12}岁"
    return f"{months}个月" if months >= 1 else f"{(day - birth_date).days}天"


def _age_and_sex(study: Study, person: Person | None) -> str:
    birth_date = person.birth_date if person is not None else None
    birth_date = birth_date or _dicom_date(study.patient_birth_date)
    if birth_date is not None:
        age = age_at(birth_date, china_time(study.study_datetime).date())
    else:
        age = _dicom_age(study.patient_age)
    sex = sex_label((person.sex if person is not None else None) or study.patient_sex)
    return f"{age or NO_VALUE}/{sex or NO_VALUE}"


def _dicom_date(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        return None


def _dicom_age(text: str) -> str:
    """Return a DICOM age string (PS3.5, AS) in words: 045Y → 45岁."""
    match = _DICOM_AGE.fullmatch(text.strip())
    return f"{int(match[1])}{_AGE_UNITS[match[2]]}" if match else ""


def _day(instant: datetime | None) -> str:
    return china_time(instant).strftime("%Y-%m-%d") if instant is not None else ""


def _physicians(report: Report | None) -> str:
    if report is None or not (report.reporting_physician or report.reviewing_physician):
        return ""
    return f"{report.reporting_physician or NO_VALUE}/{report.reviewing_physician or NO_VALUE}"
