"""What a hospital's system tells beside images: examinations and reports (E-15 … E-17, D-39)."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response
from flask_babel import gettext as _
from spectree import Response as Answers
from sqlalchemy import func, select

from portal.api.callers import client_may, current_caller
from portal.api.document import CLIENT, document
from portal.api.models import Problem
from portal.api.racing import in_turn
from portal.api.record_models import ExamBody, ExamTold, ReportBody, ReportTaken, WithdrawalBody
from portal.api.refusals import problem_answer
from portal.context import current_cloud, database_session
from portal.identity import source_address
from server import exam_records
from server.clients import Scope
from server.exam_records import RecordRefusedError, RefusedRecord, Taken, Taking
from server.model import Study

blueprint = Blueprint("records_api", __name__, url_prefix="/api/v1")

_REFUSALS = {
    "HTTP_401": Problem,
    "HTTP_403": Problem,
    "HTTP_404": Problem,
    "HTTP_409": Problem,
    "HTTP_429": Problem,
}
_SECURITY = {CLIENT: [str(Scope.RECORDS_WRITE)]}


@blueprint.post("/exams")
@client_may(Scope.RECORDS_WRITE)
@document.validate(
    resp=Answers(HTTP_200=ExamTold, HTTP_503=Problem, **_REFUSALS),
    security=_SECURITY,
    tags=["records"],
)
def tell_exam(json: ExamBody) -> Response:
    """登记一次检查的患者、申请和检查信息 / Tell an examination of the hospital."""
    session, caller = database_session(), current_caller()
    try:
        kept = in_turn(
            lambda: exam_records.tell(
                current_cloud(),
                session,
                caller,
                json.facts(),
                id_number=json.id_number,
                phone=json.phone,
                source=source_address(),
            )
        )
    except RecordRefusedError as error:
        return _refused(error.reason)
    studies = select(func.count(Study.study_id)).where(
        Study.institution_id == caller.institution_id,
        Study.accession_number == kept.accession_number,
    )
    told = ExamTold(
        exam_id=kept.exam_id,
        person_known=kept.person_id is not None,
        studies=session.scalar(studies) or 0,
    )
    return Response(told.model_dump_json(), HTTPStatus.OK, content_type="application/json")


@blueprint.post("/reports")
@client_may(Scope.RECORDS_WRITE)
@document.validate(
    resp=Answers(HTTP_200=ReportTaken, **_REFUSALS), security=_SECURITY, tags=["records"]
)
def take_report(json: ReportBody) -> Response:
    """上传已审核的报告；再次上传即替换 / A reviewed report; sent again it replaces (D-39)."""
    try:
        taken = in_turn(
            lambda: exam_records.take(
                database_session(),
                current_caller(),
                accession_number=json.accession_number,
                study_uid=json.study_uid,
                patient_id=json.patient_id,
                facts=json.facts(),
                source=source_address(),
            )
        )
    except RecordRefusedError as error:
        return _refused(error.reason)
    return _told(taken)


@blueprint.post("/reports/withdrawal")
@client_may(Scope.RECORDS_WRITE)
@document.validate(
    resp=Answers(HTTP_200=ReportTaken, **_REFUSALS), security=_SECURITY, tags=["records"]
)
def withdraw_report(json: WithdrawalBody) -> Response:
    """撤回现行报告，须说明原因 / Recall the report that is served, and say why (X-30)."""
    try:
        taken = exam_records.withdraw(
            database_session(),
            current_caller(),
            accession_number=json.accession_number,
            study_uid=json.study_uid,
            patient_id=json.patient_id,
            reason=json.reason,
            source=source_address(),
        )
    except RecordRefusedError as error:
        return _refused(error.reason)
    return _told(taken)


def _told(taken: Taken) -> Response:
    """Answer what an upload did; a new report lets quality be judged anew, after its commit."""
    if taken.taking is not Taking.SAME:
        database_session().commit()
        current_cloud().jobs.judge_quality(taken.study_id)
    answer = ReportTaken.model_validate({"version": taken.version, "result": taken.taking})
    return Response(answer.model_dump_json(), HTTPStatus.OK, content_type="application/json")


def _refused(reason: RefusedRecord) -> Response:
    words = {
        RefusedRecord.PATIENT: _("患者编号与这次检查不符，或几个编号不是同一个人，请核对后重传。"),
        RefusedRecord.CERTIFICATE: _("身份证号的校验位不对，请核对证件后重新录入。"),
        RefusedRecord.STUDY: _("还没有收到这次检查的影像，请在影像上传后重传报告。"),
        RefusedRecord.AMBIGUOUS: _("这个检查号下有多次检查，请同时给出检查唯一标识。"),
        RefusedRecord.NO_REPORT: _("这次检查还没有报告，无从撤回。"),
        RefusedRecord.IDENTITY_SERVICE: _("身份核验服务暂时没有应答，请稍后重试。"),
    }
    statuses = {
        RefusedRecord.STUDY: HTTPStatus.NOT_FOUND,
        RefusedRecord.NO_REPORT: HTTPStatus.NOT_FOUND,
        RefusedRecord.IDENTITY_SERVICE: HTTPStatus.SERVICE_UNAVAILABLE,
    }
    status = statuses.get(reason, HTTPStatus.CONFLICT)
    return problem_answer(f"record-{reason}", status, _("没有收下"), words[reason])
