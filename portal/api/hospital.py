"""What a hospital's own system calls: launches, and the index of its own studies."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Flask, Response
from spectree import Response as Answers
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.exceptions import NotFound

from portal.api import (
    caching,
    citations,
    collection,
    data_sets,
    external_data,
    gateway,
    master_index,
    quality,
    records,
    registration,
    reminders,
    visits,
)
from portal.api.callers import client_may, current_caller, install_callers
from portal.api.document import CLIENT, document, install_document
from portal.api.image_display import begins_of
from portal.api.models import (
    IndexedStudy,
    LaunchBody,
    LaunchMade,
    Problem,
    Studies,
    StudiesBody,
)
from portal.api.refusals import refused
from portal.context import current_cloud, database_session
from portal.identity import source_address
from server import audit, launches, registrations
from server.clients import OriginError, Scope, normalize_origin
from server.launches import (
    TICKET_LIFETIME,
    Begins,
    LaunchRefusedError,
    LaunchRequest,
    RefusalReason,
)
from server.launches.patients import person_of
from server.model import CarePurpose, ProcessingState, Study

blueprint = Blueprint("hospital_api", __name__, url_prefix="/api/v1")

MOST_STUDIES = 200
_REFUSALS = {"HTTP_401": Problem, "HTTP_403": Problem, "HTTP_429": Problem}


@blueprint.post("/launches")
@client_may(Scope.LAUNCH)
@document.validate(
    resp=Answers(HTTP_201=LaunchMade, HTTP_409=Problem, HTTP_503=Problem, **_REFUSALS),
    security={CLIENT: [str(Scope.LAUNCH)]},
    tags=["launch"],
)
def make_launch(json: LaunchBody) -> Response:
    """打开一次调阅 / Ask for a launch: a ticket that serves once, within a minute."""
    cloud, session = current_cloud(), database_session()
    caller = current_caller()
    try:
        made = launches.create(cloud, session, caller, _asked(json), source=source_address())
    except LaunchRefusedError as error:
        return refused(error.reason)
    if json.visit_type is CarePurpose.EMERGENCY:
        registrations.prepare_first(
            cloud, session, caller.institution_id, json.patient.numbers(), made.launch.person_id
        )
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
    resp=Answers(HTTP_200=Studies, HTTP_409=Problem, HTTP_503=Problem, **_REFUSALS),
    security={CLIENT: [str(Scope.INDEX_READ)]},
    tags=["index"],
)
def search_studies(json: StudiesBody) -> Response:
    """查询本院为一位患者做过的检查 / The studies that the hospital made of a patient."""
    cloud, session, caller = current_cloud(), database_session(), current_caller()
    numbers = json.patient.numbers()
    try:
        person = person_of(cloud, session, caller.institution_id, numbers)
    except LaunchRefusedError as error:
        return refused(error.reason)
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
    app.register_blueprint(gateway.blueprint)
    app.register_blueprint(caching.blueprint)
    app.register_blueprint(quality.blueprint)
    app.register_blueprint(visits.blueprint)
    app.register_blueprint(reminders.blueprint)
    app.register_blueprint(citations.blueprint)
    app.register_blueprint(records.blueprint)
    app.register_blueprint(collection.blueprint)
    app.register_blueprint(master_index.blueprint)
    app.register_blueprint(data_sets.blueprint)
    app.register_blueprint(external_data.blueprint)
    install_document(app)


def _asked(body: LaunchBody) -> LaunchRequest:
    """Return the request in our own words. Raises LaunchRefusedError."""
    try:
        origin = normalize_origin(body.frame_origin) if body.frame_origin else ""
    except OriginError as error:
        raise LaunchRefusedError(RefusalReason.ORIGIN) from error
    begins = Begins(body.study_uid or "", body.accession_number or "", body.opens)
    if body.invoke_image_display is not None:
        begins = begins_of(body.invoke_image_display, body.patient.patient_id)
    return LaunchRequest(
        patient=body.patient.numbers(),
        physician_code=body.physician.code,
        physician_name=body.physician.name,
        encounter=body.encounter,
        visit_type=body.visit_type,
        purpose=body.purpose,
        outside=body.network == "outside",
        frame_origin=origin,
        study_uid=begins.study_uid,
        accession_number=begins.accession_number,
        opens=begins.opens,
        list_filter=begins.list_filter,
        licence_number=body.physician.licence_number,
    )


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
