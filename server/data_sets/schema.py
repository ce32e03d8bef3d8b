"""The fourteen groups of a study's data set (004 数据采集服务, E-37); one model a group.

Instants are aware. "" is what nobody told, an empty list what does not exist (yet).
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class Row(BaseModel):
    """The base of all rows: nothing unknown, nothing changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class Application(Row):
    """检查申请 / the application"""

    application_number: str
    requested_at: datetime | None
    department: str
    requesting_physician: str
    chief_complaint: str
    clinical_diagnosis: str
    exam_item: str


class Step(Row):
    """检查流程的一步 / one of the seven steps (E-38)"""

    stage: str
    happened_at: datetime


class Exam(Row):
    """检查 / the examination (D-38)"""

    institution_code: str
    accession_number: str
    study_uid: str
    patient_id: str
    patient_name: str
    patient_sex: str
    patient_age: str
    study_datetime: datetime
    modality: str
    body_part: str
    method: str
    device: str
    exam_item: str
    image_number: str
    series_count: int
    image_count: int
    steps: list[Step]


class ReportText(Row):
    """现行报告 / the report that is served"""

    version: int
    exam_item: str
    exam_overview: str
    findings: str
    impression: str
    reported_at: datetime | None
    reporting_physician: str
    reporting_physician_code: str
    reviewing_physician: str


class ReportIndicator(Row):
    """检查报告指标 / a figure of the report"""

    code: str
    name: str
    value: str
    unit: str
    reference: str


class ImageSeries(Row):
    """影像序列 / a series"""

    series_uid: str
    series_number: int | None
    modality: str
    description: str
    body_part: str
    image_count: int
    frame_count: int
    bytes: int


class ReportPicture(Row):
    """图文报告中的图片 / a key image, which the graphic report shows"""

    series_uid: str
    sop_instance_uid: str
    frame_number: int
    marked_at: datetime


class MediaServer(Row):
    """PACS 媒体服务器 / the line to the hospital's PACS"""

    name: str
    kind: str
    host: str
    port: int
    ae_title: str
    state: str


class PatientIndex(Row):
    """患者主索引 / by which numbers the patient and the examination are known (X-31)"""

    cloud_index: str
    master_index: str
    person_code: str
    patient_id: str
    medical_record_number: str


class ExamResult(Row):
    """检查结果与 RIS 媒体服务器 / what the RIS told, and which system that is"""

    ris_name: str
    ris_client_id: str
    told_at: datetime
    modality: str
    body_part: str
    method: str
    report_version: int | None = Field(description="现行报告的版本 / None where none is served")


class RisPacsRelation(Row):
    """RIS 与 PACS 的对应 / which order of the RIS is which study of the PACS"""

    application_number: str
    accession_number: str
    ris_study_uid: str
    pacs_study_uid: str
    agrees: bool = Field(description="RIS 未给出检查唯一标识时按检查号对应 / same study")


class QualityEvaluation(Row):
    """检查质控 / a judgement of quality, automatic or by eye"""

    kind: str = Field(description="automatic, manual")
    version: int
    grade: str
    outcome: str
    completeness: int | None
    rules_version: str
    judged_at: datetime


class AuthorisationRecord(Row):
    """患者授权状态 / an authorisation that takes in this study"""

    authorisation_id: str
    institution_code: str
    purpose: str
    method: str
    state: str
    requested_at: datetime
    decided_at: datetime | None
    expires_at: datetime | None
    withdrawn_at: datetime | None


class CitationRecord(Row):
    """意见引用状态 / a citation of the report"""

    citation_id: str
    institution_code: str
    report_version: int
    physician_code: str
    cited_at: datetime


class RecognitionRecord(Row):
    """互认状态 / an order for which this study was offered, and what was decided"""

    reminder_id: str
    institution_code: str
    exam_item: str
    outcome: str = Field(description='accepted, reexamined, "" until decided')
    recognised: bool = Field(
        description="互认的正是本次检查 / it is this study that was recognised"
    )
    reason: str
    created_at: datetime
    decided_at: datetime | None


class DataSet(Row):
    """一次检查的全部数据集 / all data sets of one study"""

    applications: list[Application]
    exams: list[Exam]
    reports: list[ReportText]
    report_indicators: list[ReportIndicator]
    image_series: list[ImageSeries]
    report_pictures: list[ReportPicture]
    pacs_media_servers: list[MediaServer]
    patient_indexes: list[PatientIndex]
    exam_results: list[ExamResult]
    ris_pacs_relations: list[RisPacsRelation]
    quality_evaluations: list[QualityEvaluation]
    authorisations: list[AuthorisationRecord]
    citations: list[CitationRecord]
    recognitions: list[RecognitionRecord]
