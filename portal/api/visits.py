"""What a hospital's registration calls at a visit: who comes, to whom, when (E-20, E-21)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from flask import Blueprint, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints
from spectree import Response as Answers
from werkzeug.exceptions import NotFound

from portal.api.callers import client_may, current_caller
from portal.api.document import CLIENT, document
from portal.api.models import Name, Number, Problem, Strict
from portal.api.refusals import refused
from portal.context import current_cloud, database_session
from portal.identity import source_address
from server import registrations
from server.cache_applications.words import words
from server.clients import Scope
from server.launches import LaunchRefusedError, PatientNumbers, RefusalReason
from server.launches.patients import person_of
from server.model import ApplicationState, CacheApplication, CarePurpose
from server.registrations import VisitFacts

blueprint = Blueprint("visit_api", __name__, url_prefix="/api/v1")

_REFUSALS = {"HTTP_401": Problem, "HTTP_403": Problem, "HTTP_429": Problem}


class Certificate(Strict):
    """证件类型和号码，01 为居民身份证 / 01 is the citizen's identity card (GB 11643)."""

    certificate_type: Literal["01"]
    certificate_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{17}[0-9Xx]$")]


class VisitBody(Strict):
    """挂号：身份信息和就诊信息 / a registration: identity and visit (000-A 七(二)2(1))."""

    patient_id: Number
    name: Name
    certificate: Certificate
    encounter: Number
    department: Name
    visit_type: CarePurpose
    visit_at: AwareDatetime


class VisitRegistered(BaseModel):
    """未经本人确认时不申请缓存，`application_id` 为空 / '' where the person has not confirmed."""

    consented: bool
    application_id: str = ""
    state: ApplicationState | None = None
    local_studies: int = Field(0, description="本省已有 / held in this province")
    remote_studies: int = Field(
        0, description="外省持有，查询完成后可知 / in other provinces, once searched"
    )
    keep_until: datetime | None = None
    failure: str = Field("", description="未成功的原因和处理办法 / why it failed, and what to do")
    prepared_first: int = Field(0, description="急诊优先准备的检查数 / emergency: prepared first")


@blueprint.post("/registrations")
@client_may(Scope.REGISTRATION)
@document.validate(
    resp=Answers(HTTP_200=VisitRegistered, HTTP_404=Problem, HTTP_409=Problem, **_REFUSALS),
    security={CLIENT: [str(Scope.REGISTRATION)]},
    tags=["registration"],
)
def register(json: VisitBody) -> Response:
    """挂号后自动申请缓存；参保人未确认则不申请 / After a registration: apply for the cache."""
    cloud, session, caller = current_cloud(), database_session(), current_caller()
    numbers = PatientNumbers(json.patient_id, json.certificate.certificate_number)
    try:
        person = person_of(cloud, session, caller.institution_id, numbers)
    except LaunchRefusedError as error:
        return refused(error.reason)
    if person is None:
        raise NotFound
    if person.name != json.name:
        return refused(RefusalReason.PATIENT)
    visit = VisitFacts(json.encounter, json.department, json.visit_type, json.visit_at)
    made = registrations.register_visit(session, caller, person, visit, source=source_address())
    first = 0
    if json.visit_type is CarePurpose.EMERGENCY:
        first = registrations.prepare_first(
            cloud, session, caller.institution_id, numbers, person.id
        )
    session.commit()
    if made.application is not None:
        cloud.jobs.search_history(made.application.application_id)
    return _answer(made.application, first)


@blueprint.get("/registrations/<application_id>")
@client_may(Scope.REGISTRATION)
@document.validate(
    resp=Answers(HTTP_200=VisitRegistered, HTTP_404=Problem, **_REFUSALS),
    security={CLIENT: [str(Scope.REGISTRATION)]},
    tags=["registration"],
)
def application(application_id: str) -> Response:
    """查询缓存申请的进度和原因 / How far an application for a cache is, and why not further."""
    found = database_session().get(CacheApplication, application_id)
    if found is None or found.institution_id != current_caller().institution_id:
        raise NotFound
    return _answer(found, 0)


def _answer(application: CacheApplication | None, first: int) -> Response:
    answer = VisitRegistered(consented=application is not None, prepared_first=first)
    if application is not None:
        answer = VisitRegistered(
            consented=True,
            application_id=application.application_id,
            state=application.state,
            local_studies=application.local_studies,
            remote_studies=application.remote_studies,
            keep_until=application.keep_until,
            failure=words(application.failure),
            prepared_first=first,
        )
    return Response(answer.model_dump_json(), HTTPStatus.OK, content_type="application/json")
