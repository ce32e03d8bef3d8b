"""What a hospital's system asks of citations: one by its id, and how many (H-07, H-08)."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response
from spectree import Response as Answers
from werkzeug.exceptions import NotFound

from portal.api.callers import client_may, current_caller
from portal.api.document import CLIENT, document
from portal.api.models import Physician, Problem
from portal.api.reminder_models import CitationFound, CitedReport, Period, RecognitionCounts
from portal.context import database_session
from portal.identity import source_address
from server import audit, citations
from server.clients import Scope
from server.model import Citation, Launch

blueprint = Blueprint("citation_api", __name__, url_prefix="/api/v1")

_REFUSALS = {"HTTP_401": Problem, "HTTP_403": Problem, "HTTP_429": Problem}
_SECURITY = {CLIENT: [str(Scope.CITATION_READ)]}


@blueprint.get("/citations/<citation_id>")
@client_may(Scope.CITATION_READ)
@document.validate(
    resp=Answers(HTTP_200=CitationFound, HTTP_404=Problem, **_REFUSALS),
    security=_SECURITY,
    tags=["citation"],
)
def find(citation_id: str) -> Response:
    """按引用编号查询，限引用方和报告方医院 / For the hospital that cited, and the report's own."""
    session, caller = database_session(), current_caller()
    cited = citations.find(session, citation_id, caller.institution_id)
    if cited is None:
        raise NotFound
    launch = session.get(Launch, cited.launch_id) if cited.launch_id else None
    ours = cited.institution_id == caller.institution_id
    found = CitationFound(
        citation_id=cited.citation_id,
        cited_at=cited.cited_at,
        cited_by=Physician(code=cited.physician_code, name=cited.physician_name),
        encounter=cited.encounter if ours else "",
        cloud_index=cited.cloud_index,
        report_version=cited.report_version,
        reporting_physician=cited.reporting_physician,
        patient_name=_patient_name(cited),
        patient_id=launch.patient_id if launch is not None and ours else "",
        text_sha256=cited.text_sha256,
        report=_report(cited),
    )
    audit.record(
        session,
        actor_kind="client",
        actor=f"client:{caller.client_id}",
        event="citation.view",
        object_kind="citation",
        object_id=cited.citation_id,
        source=source_address(),
    )
    return Response(found.model_dump_json(), HTTPStatus.OK, content_type="application/json")


@blueprint.post("/recognition-counts")
@client_may(Scope.CITATION_READ)
@document.validate(
    resp=Answers(HTTP_200=RecognitionCounts, **_REFUSALS), security=_SECURITY, tags=["citation"]
)
def count(json: Period) -> Response:
    """本院的提醒、互认和引用次数 / How often the hospital was reminded, recognised and cited."""
    found = citations.counts(
        database_session(), current_caller().institution_id, json.since, json.until
    )
    answer = RecognitionCounts.model_validate(found, from_attributes=True)
    return Response(answer.model_dump_json(), HTTPStatus.OK, content_type="application/json")


def _patient_name(cited: Citation) -> str:
    if cited.person is not None:
        return cited.person.name
    return cited.study.patient_name if cited.study is not None else ""


def _report(cited: Citation) -> CitedReport | None:
    if cited.study is None or cited.report is None:
        return None
    return CitedReport(
        institution_name=cited.study.institution.name,
        exam_item=cited.report.exam_item or cited.study.description,
        study_datetime=cited.study.study_datetime,
        findings=cited.report.findings,
        impression=cited.report.impression,
    )
