"""What a hospital's system tells of its exams' upload: settlements, steps, the day's list.

E-03, E-09, E-38, E-47.
"""

from __future__ import annotations

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any

from flask import Blueprint, Response
from flask_babel import gettext as _
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints
from spectree import Response as Answers
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from portal.api.callers import client_may, current_caller
from portal.api.document import CLIENT, document
from portal.api.models import Number, Problem, Strict
from portal.api.record_models import Line
from portal.api.refusals import problem_answer
from portal.context import database_session
from portal.identity import source_address
from server import audit
from server.clients import Scope
from server.collection import reconciling, settlements, steps, uploads
from server.model import ExamStage, ExamUpload

blueprint = Blueprint("collection_api", __name__, url_prefix="/api/v1")

_REFUSALS = {"HTTP_401": Problem, "HTTP_403": Problem, "HTTP_429": Problem}
_SECURITY = {CLIENT: [str(Scope.RECORDS_WRITE)]}
Fen = Annotated[int, Field(ge=0, le=2_000_000_000, description="分 / a hundredth of a yuan")]
Modality = Annotated[str, StringConstraints(pattern=r"^([A-Z0-9_ ]{2,16})?$")]


class SettlementEvent(Strict):
    """一次检查已医保结算；结算数据须在 24 小时内上传 / settled: its data are due in 24 hours."""

    accession_number: Number
    settled_at: AwareDatetime


class SettlementBody(SettlementEvent):
    """结算数据 / the data of a settlement (D-11)."""

    settlement_id: Number = Field(description="结算ID")
    fee_serial_number: Number = Field(description="费用明细流水号")
    exam_item: Line = ""
    fee: Fen = 0
    reimbursed: Fen = 0
    consumables: Fen = 0


class StepBody(Strict):
    """检查流程中的一步 / one of the seven steps of an exam."""

    accession_number: Number
    stage: ExamStage
    happened_at: AwareDatetime


class StepsBody(Strict):
    """一批步骤；重复发送不重复记录 / steps; one that is told twice is one."""

    steps: list[StepBody] = Field(min_length=1, max_length=500)


class StepsTaken(BaseModel):
    """新记录的步骤数 / how many were new."""

    stored: int


class ListedBody(Strict):
    """检查清单中的一行 / one line of the day's list."""

    accession_number: Number
    modality: Modality = ""
    image_count: int = Field(0, ge=0, le=100_000, description="影像数，未知为 0 / 0: not known")


class ListBody(Strict):
    """本院一天的全部检查；再次发送即替换 / all exams of a day; sent again, it replaces."""

    day: date
    exams: list[ListedBody] = Field(max_length=5000)


class DifferenceTold(BaseModel):
    """清单与已上传不一致的检查 / an exam in which list and uploads differ."""

    accession_number: str
    difference: reconciling.Gap


class ListCompared(BaseModel):
    """核对结果；一致时差异为空 / no difference when all that is to be uploaded is (E-03)."""

    day: date
    listed: int
    uploaded: int
    differences: list[DifferenceTold]


class UploadQuery(Strict):
    """要查询的检查 / which exam."""

    accession_number: Number


class StepTold(BaseModel):
    """一步及其时间 / a step, and when it happened."""

    stage: ExamStage
    happened_at: datetime


class UploadTold(BaseModel):
    """影像、报告、结算各自是否已到；三者齐备才算完成 / complete when all three are here (E-47)."""

    accession_number: str
    images_at: datetime | None
    report_at: datetime | None
    settlement_at: datetime | None
    completed_at: datetime | None
    deadline_at: datetime | None
    late: bool
    steps: list[StepTold]


@blueprint.post("/settlement-events")
@client_may(Scope.RECORDS_WRITE)
@document.validate(
    resp=Answers(HTTP_200=UploadTold, **_REFUSALS), security=_SECURITY, tags=["collection"]
)
def settlement_event(json: SettlementEvent) -> Response:
    """医保结算完成的通知 / An exam was settled; what is due until when."""
    session, institution_id = database_session(), current_caller().institution_id
    upload = uploads.note_settled(session, institution_id, json.accession_number, json.settled_at)
    _note(session, "settlement.event", {})
    return _told(session, upload)


@blueprint.post("/settlements")
@client_may(Scope.RECORDS_WRITE)
@document.validate(
    resp=Answers(HTTP_200=UploadTold, HTTP_409=Problem, **_REFUSALS),
    security=_SECURITY,
    tags=["collection"],
)
def take_settlement(json: SettlementBody) -> Response:
    """上传结算数据；同号再次上传即替换 / The data of a settlement; sent again, they replace."""
    session, institution_id = database_session(), current_caller().institution_id
    facts = settlements.SettlementFacts(institution_id=institution_id, **json.model_dump())
    try:
        new = settlements.keep(session, facts)
    except settlements.OtherInstitutionError:
        return problem_answer(
            "settlement-known", HTTPStatus.CONFLICT, _("没有收下"),
            _("这个结算ID和费用明细流水号属于另一家机构，请核对。"),
        )  # fmt: skip
    upload = uploads.note_settled(session, institution_id, json.accession_number, json.settled_at)
    _note(session, "settlement.take", {"new": new})
    return _told(session, upload)


@blueprint.post("/exam-steps")
@client_may(Scope.RECORDS_WRITE)
@document.validate(
    resp=Answers(HTTP_200=StepsTaken, **_REFUSALS), security=_SECURITY, tags=["collection"]
)
def take_steps(json: StepsBody) -> Response:
    """上传检查流程七个步骤的状态 / The steps of exams (E-38)."""
    session = database_session()
    told = [steps.Step(**one.model_dump()) for one in json.steps]
    stored = steps.tell(session, current_caller().institution_id, told)
    _note(session, "exam.steps", {"stored": stored})
    return _answer(StepsTaken(stored=stored))


@blueprint.post("/exam-lists")
@client_may(Scope.RECORDS_WRITE)
@document.validate(
    resp=Answers(HTTP_200=ListCompared, **_REFUSALS), security=_SECURITY, tags=["collection"]
)
def take_list(json: ListBody) -> Response:
    """上传一天的检查清单，返回与已上传影像的差异 / The day's list; what is not uploaded (E-03)."""
    session = database_session()
    exams = [reconciling.ListedExam(**one.model_dump()) for one in json.exams]
    found = reconciling.take_list(session, current_caller().institution_id, json.day, exams)
    _note(session, "exam.list", {"listed": found.listed, "differences": len(found.differences)})
    told = [
        DifferenceTold(accession_number=one.accession_number, difference=one.gap)
        for one in found.differences
    ]
    return _answer(
        ListCompared(day=found.day, listed=found.listed, uploaded=found.uploaded, differences=told)
    )


@blueprint.post("/exam-uploads/search")
@client_may(Scope.RECORDS_WRITE)
@document.validate(
    resp=Answers(HTTP_200=UploadTold, HTTP_404=Problem, **_REFUSALS),
    security=_SECURITY,
    tags=["collection"],
)
def search_upload(json: UploadQuery) -> Response:
    """查询一次检查的上传进度和流程步骤 / How far an exam's upload is, and its steps."""
    session, institution_id = database_session(), current_caller().institution_id
    upload = uploads.upload_of(session, institution_id, json.accession_number)
    if upload is None:
        raise NotFound
    _note(session, "exam.upload", {})
    return _told(session, upload)


def _told(session: Session, upload: ExamUpload) -> Response:
    uploads.tick(session, upload)
    found = steps.steps_of(session, upload.institution_id, upload.accession_number)
    return _answer(
        UploadTold(
            accession_number=upload.accession_number,
            images_at=upload.images_at,
            report_at=upload.report_at,
            settlement_at=upload.settlement_at,
            completed_at=upload.completed_at,
            deadline_at=upload.deadline_at,
            late=uploads.is_late(upload),
            steps=[StepTold(stage=one.stage, happened_at=one.happened_at) for one in found],
        )
    )


def _note(session: Session, event: str, detail: dict[str, Any]) -> None:
    audit.record(
        session,
        actor_kind="client",
        actor=f"client:{current_caller().client_id}",
        event=event,
        object_kind="list",
        source=source_address(),
        detail=detail,
    )


def _answer(model: BaseModel) -> Response:
    return Response(model.model_dump_json(), HTTPStatus.OK, content_type="application/json")
