"""What hospitals' systems tell of examinations and reports, as pydantic models (E-15 … E-17)."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from portal.api.models import Number, Strict, Uid
from server.exam_records import ExamFacts, Indicator, ReportFacts

# Line breaks are allowed in texts; other control characters are not.
_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
_LINE = r"^[^\x00-\x1f\x7f]*$"
OptionalNumber = Annotated[str, StringConstraints(max_length=64, pattern=_LINE)]
Word = Annotated[str, StringConstraints(max_length=100, pattern=_LINE, strip_whitespace=True)]
Line = Annotated[str, StringConstraints(max_length=200, pattern=_LINE, strip_whitespace=True)]
Note = Annotated[str, StringConstraints(max_length=2000, pattern=_TEXT)]
LongText = Annotated[str, StringConstraints(max_length=20_000, pattern=_TEXT)]
Sex = Literal["M", "F", "O", ""]
PatientName = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=_LINE, strip_whitespace=True)
]


class ExamBody(Strict):
    """一次检查的申请和登记信息；再次发送即替换 / an examination; sent again, it replaces."""

    accession_number: Number
    study_uid: Uid = Field("", description="检查唯一标识（Study Instance UID），未知时为空")
    patient_id: Number = Field(description="本院患者编号，与影像中的 (0010,0020) 一致")
    patient_name: PatientName
    patient_sex: Sex = ""
    patient_age: Annotated[str, StringConstraints(pattern=r"^([0-9]{3}[DWMY])?$")] = ""
    id_number: Annotated[str, StringConstraints(pattern=r"^([0-9]{17}[0-9Xx])?$")] = ""
    phone: Annotated[str, StringConstraints(pattern=r"^(1[0-9]{10})?$")] = ""
    medical_record_number: OptionalNumber = ""
    image_number: OptionalNumber = Field("", description="影像号")
    application_number: OptionalNumber = Field("", description="申请单号")
    requested_at: AwareDatetime | None = None
    department: Word = Field("", description="送检科室")
    requesting_physician: Word = ""
    chief_complaint: Note = ""
    clinical_diagnosis: Note = ""
    modality: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_ ]{2,16}$")]
    body_part: Annotated[str, StringConstraints(max_length=64, pattern=_LINE)] = ""
    method: Line = Field("", description="检查方法")
    exam_item: Line = ""

    def facts(self) -> ExamFacts:
        """Return the facts of the examination in our own words."""
        return ExamFacts(**{one.name: getattr(self, one.name) for one in fields(ExamFacts)})


class ExamTold(BaseModel):
    """检查已登记；影像是否已到 / what is kept, and whether images have come."""

    exam_id: str
    person_known: bool
    studies: int


class IndicatorBody(Strict):
    """报告中的一项指标 / one figure of a report."""

    code: Word
    name: Word
    value: Word
    unit: Word = ""
    reference: Word = ""


class ReportNamed(Strict):
    """报告所属的检查：检查号或检查唯一标识，以及患者编号 / which examination, of whom."""

    accession_number: OptionalNumber = ""
    study_uid: Uid = ""
    patient_id: Number

    @model_validator(mode="after")
    def _named(self) -> ReportNamed:
        if not (self.accession_number or self.study_uid):
            raise ValueError("accession_number or study_uid is needed")
        return self


class ReportBody(ReportNamed):
    """一份已审核的报告；草稿不上传 / a reviewed report; drafts are not sent (E-17)."""

    status: Literal["reviewed"]
    findings: Annotated[LongText, StringConstraints(min_length=1)]
    impression: Annotated[LongText, StringConstraints(min_length=1)]
    exam_item: Line = ""
    exam_overview: LongText = ""
    requested_at: AwareDatetime | None = None
    reported_at: AwareDatetime
    reporting_physician: Word
    reporting_physician_code: OptionalNumber = ""
    reviewing_physician: Word
    indicators: list[IndicatorBody] = Field(default_factory=list, max_length=200)

    def facts(self) -> ReportFacts:
        """Return the report in our own words."""
        said = {one.name: getattr(self, one.name) for one in fields(ReportFacts)}
        said["indicators"] = tuple(Indicator(**one.model_dump()) for one in self.indicators)
        return ReportFacts(**said)


class WithdrawalBody(ReportNamed):
    """撤回报告及其原因 / a report is recalled, and why."""

    reason: Annotated[
        str, StringConstraints(min_length=1, max_length=200, pattern=_LINE, strip_whitespace=True)
    ]


class ReportTaken(BaseModel):
    """现行版本，以及本次上传的结果 / the version that holds, and what the upload did."""

    version: int
    result: Literal["stored", "replaced", "same", "withdrawn"]
