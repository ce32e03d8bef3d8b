"""What a hospital's system calls at reception and at ordering: history, same examinations (E-28,
E-29, H-06, H-14)."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from flask import Blueprint, Response
from pydantic import BaseModel
from spectree import Response as Answers
from werkzeug.exceptions import Conflict, NotFound, ServiceUnavailable

from portal.api.callers import client_may, current_caller
from portal.api.document import CLIENT, document
from portal.api.models import Patient, Problem
from portal.api.refusals import refused
from portal.api.reminder_cards import cards_of
from portal.api.reminder_models import (
    DecisionBody,
    DecisionMade,
    History,
    OrderCheck,
    PastStudy,
    Reception,
    SameExaminations,
)
from portal.context import current_cloud, database_session
from portal.identity import source_address
from server import audit, reminders
from server.clients import Scope
from server.launches import LaunchRefusedError
from server.launches.patients import person_of
from server.model import Person, Reminder
from server.provinces import elsewhere
from server.reminders import (
    Decided,
    DecisionRefusedError,
    Order,
    PastExamination,
    Place,
    RulesError,
)

blueprint = Blueprint("reminder_api", __name__, url_prefix="/api/v1")
log = structlog.get_logger("portal")

_REFUSALS = {"HTTP_401": Problem, "HTTP_403": Problem, "HTTP_429": Problem}
_SECURITY = {CLIENT: [str(Scope.REMINDER)]}


@blueprint.post("/receptions")
@client_may(Scope.REMINDER)
@document.validate(
    resp=Answers(HTTP_200=History, HTTP_409=Problem, HTTP_503=Problem, **_REFUSALS),
    security=_SECURITY,
    tags=["reminder"],
)
def receive(json: Reception) -> Response:
    """接诊提醒：患者在各家医院、各省的历史检查 / All history of a patient, as an index."""
    cloud, session, caller = current_cloud(), database_session(), current_caller()
    try:
        person = _person(json.patient)
    except LaunchRefusedError as error:
        return refused(error.reason)
    found: list[PastExamination] = []
    answered = True
    if person is not None:
        elsewhere.refresh(cloud, [person.id])
        since = reminders.history_begins(cloud.settings)
        found = reminders.history_of(session, person.id, caller.institution_id, since=since)
        answered = not elsewhere.is_unanswered(cloud, session, [person.id])
    audit.record(
        session,
        actor_kind="client",
        actor=f"client:{caller.client_id}",
        event="reception.history",
        object_kind="list",
        source=source_address(),
        detail={"rows": len(found)},
    )
    places = [one.place for one in found]
    return _answer(
        History(
            total=len(found),
            own=places.count(Place.OWN),
            other_hospital=places.count(Place.OTHER_HOSPITAL),
            other_province=places.count(Place.OTHER_PROVINCE),
            other_provinces_answered=answered,
            studies=[_row(one) for one in found],
        )
    )


@blueprint.post("/orders/check")
@client_may(Scope.REMINDER)
@document.validate(
    resp=Answers(HTTP_200=SameExaminations, HTTP_409=Problem, HTTP_503=Problem, **_REFUSALS),
    security=_SECURITY,
    tags=["reminder"],
)
def check_order(json: OrderCheck) -> Response:
    """开单提醒：历史中的相同检查 / Which same examinations an order could be spared by."""
    cloud, session, caller = current_cloud(), database_session(), current_caller()
    try:
        person = _person(json.patient)
    except LaunchRefusedError as error:
        return refused(error.reason)
    if person is not None:
        elsewhere.refresh(cloud, [person.id])
    order = Order(
        exam_item=json.order.exam_item,
        modality=json.order.modality,
        body_part=json.order.body_part,
        physician_code=json.physician.code,
        encounter=json.encounter,
        order_number=json.order.order_number,
    )
    try:
        checked = reminders.check(cloud, session, caller, person, order, source=source_address())
    except RulesError as error:
        log.error("reminder_rules_unusable", error=str(error))
        raise ServiceUnavailable from error
    reminder, wanted = checked.reminder, checked.examination
    return _answer(
        SameExaminations(
            reminder_id=reminder.reminder_id if reminder else "",
            modality=wanted.modality,
            body_part=wanted.body_part,
            method=wanted.method,
            studies=[_row(one) for one in checked.offers],
            cards=cards_of(cloud.settings, reminder, checked.offers) if reminder else [],
        )
    )


@blueprint.post("/reminders/<reminder_id>/decision")
@client_may(Scope.REMINDER)
@document.validate(
    resp=Answers(HTTP_200=DecisionMade, HTTP_404=Problem, HTTP_409=Problem, **_REFUSALS),
    security=_SECURITY,
    tags=["reminder"],
)
def decide(reminder_id: str, json: DecisionBody) -> Response:
    """记录互认，或重新检查及理由 / Record what the physician decided, once."""
    decided = Decided(json.outcome, json.cloud_index, json.reason, json.comment)
    reminder = take_decision(reminder_id, decided)
    return _answer(DecisionMade.model_validate(reminder, from_attributes=True))


def take_decision(reminder_id: str, decided: Decided) -> Reminder:
    """Record the decision on a reminder of the caller's. Raises NotFound, Conflict."""
    session, caller = database_session(), current_caller()
    reminder = session.get(Reminder, reminder_id)
    if reminder is None or reminder.institution_id != caller.institution_id:
        raise NotFound
    try:
        reminders.decide(
            session,
            reminder,
            decided,
            actor=f"client:{caller.client_id}",
            actor_kind="client",
            source=source_address(),
        )
    except DecisionRefusedError as error:
        raise Conflict from error
    return reminder


def _person(patient: Patient) -> Person | None:
    """Return who is meant. Raises LaunchRefusedError where the numbers do not fit."""
    institution_id = current_caller().institution_id
    return person_of(current_cloud(), database_session(), institution_id, patient.numbers())


def _row(one: PastExamination) -> PastStudy:
    return PastStudy(
        cloud_index=one.cloud_index,
        place=one.place,
        institution_name=one.institution_name,
        province_name=one.province_name,
        modality=one.modality,
        body_part=one.body_part,
        exam_item=one.exam_item,
        method=one.examination.method,
        study_datetime=one.study_datetime,
        study_uid=one.study_uid if one.place is Place.OWN else "",
        has_report=one.has_report,
        quality_grade=one.grade,
        recognised=one.recognised,
        citations=one.citations,
    )


def _answer(model: BaseModel) -> Response:
    return Response(model.model_dump_json(), HTTPStatus.OK, content_type="application/json")
