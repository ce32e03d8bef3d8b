"""What a hospital's own system calls: launches, and the index of its own studies."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Flask, Response, json
from flask_babel import gettext as _
from spectree import Response as Answers
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.exceptions import NotFound

from portal.api import citations, registration, reminders
from portal.api.callers import client_may, current_caller, install_callers
from portal.api.document import CLIENT, document, install_document
from portal.api.models import (
    IndexedStudy,
    InvokeImageDisplay,
    LaunchBody,
    LaunchMade,
    Patient,
    Problem,
    Studies,
    StudiesBody,
)
from portal.context import current_cloud, database_session
from portal.identity import source_address
from server import audit, launches
from server.clients import OriginError, Scope, normalize_origin
from server.launches import (
    TICKET_LIFETIME,
    LaunchRefusedError,
    LaunchRequest,
    Opens,
    PatientNumbers,
    RefusalReason,
)
from server.launches.patients import person_of
from server.model import ProcessingState, Study

blueprint = Blueprint("hospital_api", __name__, url_prefix="/api/v1")

MOST_STUDIES = 200
_REFUSALS = {"HTTP_401": Problem, "HTTP_403": Problem, "HTTP_429": Problem}
_OPENS = {"DICOM": Opens.DICOM, "JPG": Opens.IMAGES, "REPORT": Opens.REPORT}


@blueprint.post("/launches")
@client_may(Scope.LAUNCH)
@document.validate(
    resp=Answers(HTTP_201=LaunchMade, HTTP_409=Problem, **_REFUSALS),
    security={CLIENT: [str(Scope.LAUNCH)]},
    tags=["launch"],
)
def make_launch(json: LaunchBody) -> Response:
    """打开一次调阅 / Ask for a launch: a ticket that serves once, within a minute."""
    cloud, session = current_cloud(), database_session()
    try:
        made = launches.create(
            cloud, session, current_caller(), _asked(json), source=source_address()
        )
    except LaunchRefusedError as error:
        return _refused(error.reason)
    return _answer(
        LaunchMade(
            launch_id=made.launch.launch_id,
            ticket=made.ticket,
            url=f"{cloud.settings.base_url}/launch/{made.ticket}",
            expires_in=int(TICKET_LIFETIME.total_seconds()),
        ),
        HTTPStatus.CREATED,
    )


@blueprint.delete("/launches/<launch_id>")
@client_may(Scope.LAUNCH)
@document.validate(
    resp=Answers("HTTP_204", HTTP_404=Problem, **_REFUSALS),
    security={CLIENT: [str(Scope.LAUNCH)]},
    tags=["launch"],
)
def end_launch(launch_id: str) -> Response:
    """结束一次调阅，例如医生关闭了患者 / End a launch, for the physician closed the patient."""
    client_id = current_caller().client_id
    if not launches.end_of_client(
        database_session(), client_id, launch_id, source=source_address()
    ):
        raise NotFound
    return Response(status=HTTPStatus.NO_CONTENT)


@blueprint.post("/studies/search")
@client_may(Scope.INDEX_READ)
@document.validate(
    resp=Answers(HTTP_200=Studies, HTTP_409=Problem, **_REFUSALS),
    security={CLIENT: [str(Scope.INDEX_READ)]},
    tags=["index"],
)
def search_studies(json: StudiesBody) -> Response:
    """查询本院为一位患者做过的检查 / The studies that the hospital made of a patient."""
    cloud, session, caller = current_cloud(), database_session(), current_caller()
    numbers = _numbers(json.patient)
    try:
        person = person_of(cloud, session, caller.institution_id, numbers)
    except LaunchRefusedError as error:
        return _refused(error.reason)
    wanted = (
        select(Study)
        .where(
            Study.institution_id == caller.institution_id,
            launches.studies_of_patient(
                caller.institution_id, numbers.patient_id, person.id if person else None
            ),
        )
        .options(selectinload(Study.series))
        .order_by(Study.study_datetime.desc(), Study.study_id)
        .limit(MOST_STUDIES)
    )
    found = [_indexed(one) for one in session.scalars(wanted)]
    audit.record(
        session,
        actor_kind="client",
        actor=f"client:{caller.client_id}",
        event="index.search",
        object_kind="list",
        source=source_address(),
        detail={"rows": len(found)},
    )
    return _answer(Studies(studies=found), HTTPStatus.OK)


def install_hospital_api(app: Flask) -> None:
    """Serve the API and its document."""
    install_callers(app)
    app.register_blueprint(blueprint)
    app.register_blueprint(registration.blueprint)
    app.register_blueprint(reminders.blueprint)
    app.register_blueprint(citations.blueprint)
    install_document(app)


def _asked(body: LaunchBody) -> LaunchRequest:
    """Return the request in our own words. Raises LaunchRefusedError."""
    try:
        origin = normalize_origin(body.frame_origin) if body.frame_origin else ""
    except OriginError as error:
        raise LaunchRefusedError(RefusalReason.ORIGIN) from error
    study_uid, accession_number, opens = body.study_uid, body.accession_number, body.opens
    display = body.invoke_image_display
    if display is not None:
        _check_display(display, body.patient)
        whole = display.requestType == "PATIENT"
        study_uid = None if whole else display.studyUID
        accession_number = None if whole else display.accessionNumber
        opens = Opens.LIST if whole else _OPENS[display.viewerType]
    return LaunchRequest(
        patient=_numbers(body.patient),
        physician_code=body.physician.code,
        physician_name=body.physician.name,
        encounter=body.encounter,
        visit_type=body.visit_type,
        purpose=body.purpose,
        outside=body.network == "outside",
        frame_origin=origin,
        study_uid=study_uid or "",
        accession_number=accession_number or "",
        opens=opens,
    )


def _check_display(display: InvokeImageDisplay, patient: Patient) -> None:
    """Raise LaunchRefusedError where the parameters mean another patient, or no study."""
    if display.patientID not in {None, patient.patient_id}:
        raise LaunchRefusedError(RefusalReason.PATIENT)
    named = display.studyUID or display.accessionNumber
    if display.requestType == "STUDY" and not named:
        raise LaunchRefusedError(RefusalReason.STUDY)


def _numbers(patient: Patient) -> PatientNumbers:
    return PatientNumbers(patient.patient_id, patient.id_number, patient.person_code)


def _indexed(study: Study) -> IndexedStudy:
    return IndexedStudy(
        study_uid=study.study_uid,
        accession_number=study.accession_number,
        cloud_index=study.cloud_index,
        modality=study.modality,
        body_part=study.body_part,
        description=study.description,
        study_datetime=study.study_datetime,
        image_count=sum(one.frame_count for one in study.series),
        ready=study.state == ProcessingState.READY,
    )


def _answer(model: LaunchMade | Studies, status: HTTPStatus) -> Response:
    return Response(model.model_dump_json(), status, content_type="application/json")


def _refused(reason: RefusalReason) -> Response:
    """Say which part of the request does not fit; nothing of what was made of it stays."""
    words = {
        RefusalReason.ORIGIN: _("嵌入页面的来源没有登记。"),
        RefusalReason.PATIENT: _("患者的几个编号不是同一个人，请核对。"),
        RefusalReason.STUDY: _("这位患者名下没有这次检查。"),
        RefusalReason.PHYSICIAN: _("该医师的账户已停用，或不属于本机构。"),
    }
    problem = Problem(
        type=f"urn:yingyun:launch-{reason}",
        title=_("无法打开调阅"),
        status=HTTPStatus.CONFLICT,
        detail=words[reason],
    )
    content = json.dumps(problem.model_dump())
    return Response(content, HTTPStatus.CONFLICT, content_type="application/problem+json")
