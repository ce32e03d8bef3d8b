"""What hospitals' systems send and get of reminders, recognition and citations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from portal.api.models import Number, Patient, Physician, Strict
from server.model import RecognitionOutcome
from server.reminders import Place, Reason

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
ItemName = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=_PRINTABLE, strip_whitespace=True)
]
Term = Annotated[str, StringConstraints(max_length=64, pattern=_PRINTABLE, strip_whitespace=True)]
Modality = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,5}$")]
Index = Annotated[str, StringConstraints(max_length=200, pattern=_PRINTABLE)]
Comment = Annotated[
    str, StringConstraints(max_length=200, pattern=_PRINTABLE, strip_whitespace=True)
]


class Reception(Strict):
    """接诊：哪位患者、哪次就诊 / a patient is received, in which visit."""

    patient: Patient
    encounter: Number


class PastStudy(BaseModel):
    """索引中的一次检查，不含影像和报告内容 / one row of the index: no picture, no finding."""

    cloud_index: str
    place: Place
    institution_name: str
    province_name: str
    modality: str
    body_part: str
    exam_item: str
    method: str = Field(description="plain、contrast、frontal…，以 + 连接 / joined by +")
    study_datetime: datetime
    study_uid: str = Field("", description="只有本院的检查给出 / the hospital's own only")
    has_report: bool
    quality_grade: str = Field("", description="A 甲、B 乙、C 丙、D 丁，空为未质控")
    recognised: bool = Field(description="互认状态 / recognised by somebody (H-15)")
    citations: int = Field(description="引用次数 / times cited (H-15)")


class History(BaseModel):
    """按时间倒序；共多少次、各在哪里 / newest first; how many there are, and where."""

    total: int
    own: int
    other_hospital: int
    other_province: int
    other_provinces_answered: bool
    studies: list[PastStudy]


class OrderItem(Strict):
    """要开立的检查项目 / what is about to be ordered."""

    exam_item: ItemName = Field(description="例如 胸部CT平扫")
    modality: Modality = Field(description="DICOM: CT、MR、DX…")
    body_part: Term = Field("", description="DICOM Body Part Examined；空则由项目名称得出")
    order_number: Term = ""


class OrderCheck(Strict):
    """医师为患者开立一项检查前 / before a physician orders an examination."""

    patient: Patient
    physician: Physician
    encounter: Number
    order: OrderItem


class Coding(BaseModel):
    """CDS Hooks Coding。"""

    code: str
    system: str
    display: str


class Source(BaseModel):
    """CDS Hooks Source。"""

    label: str
    url: str


class Suggestion(BaseModel):
    """CDS Hooks Suggestion; its `uuid` is the cloud index to be recognised."""

    label: str
    uuid: str
    isRecommended: bool  # noqa: N815 - as CDS Hooks spells it


class Card(BaseModel):
    """CDS Hooks 2.0 Card。"""

    uuid: str
    summary: str
    detail: str
    indicator: Literal["info", "warning", "critical"]
    source: Source
    suggestions: list[Suggestion]
    selectionBehavior: Literal["at-most-one", "any"]  # noqa: N815
    overrideReasons: list[Coding]  # noqa: N815


class SameExaminations(BaseModel):
    """相同检查；没有时 reminder_id 为空 / nothing is reminded of where reminder_id is ""."""

    reminder_id: str
    modality: str
    body_part: str
    method: str
    studies: list[PastStudy]
    cards: list[Card]


class DecisionBody(Strict):
    """互认，或重新检查及理由 / recognised, or examined anew and why."""

    outcome: RecognitionOutcome
    cloud_index: Index = ""
    reason: Reason | None = None
    comment: Comment = ""


class DecisionMade(BaseModel):
    """已记录的决定 / the decision that is on record."""

    reminder_id: str
    outcome: RecognitionOutcome
    cloud_index: str
    reason: str
    decided_at: datetime


class CitedReport(BaseModel):
    """被引用的报告 / the report that was cited."""

    institution_name: str
    exam_item: str
    study_datetime: datetime
    findings: str
    impression: str


class CitationFound(BaseModel):
    """一次引用 / a citation: which report, by whom, when, of which patient (H-07)."""

    citation_id: str
    cited_at: datetime
    cited_by: Physician
    encounter: str
    cloud_index: str
    report_version: int
    reporting_physician: str
    patient_name: str
    patient_id: str = Field(description="本院的患者编号 / the citing hospital's number")
    text_sha256: str
    report: CitedReport | None = Field(description="外省副本删除后为空 / null once a copy is gone")


class RecognitionCounts(BaseModel):
    """本院在此期间的提醒、互认、重新检查和引用次数 / counts of the hospital (H-08)."""

    reminders: int
    accepted: int
    reexamined: int
    citations: int


class Period(Strict):
    """起（含）止（不含） / from, and to before."""

    since: AwareDatetime
    until: AwareDatetime
