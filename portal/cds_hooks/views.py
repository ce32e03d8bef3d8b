"""The addresses of CDS Hooks: which services there are, one that reminds, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import structlog
from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest, NotFound, ServiceUnavailable

from portal.api.callers import PER_CALLER, current_caller, token_key
from portal.api.refusals import refused
from portal.api.reminder_cards import cards_of
from portal.api.reminders import take_decision
from portal.cds_hooks.messages import CardFeedback, Feedback, HookCall, orders_of
from portal.cds_hooks.trust import require_cds_client
from portal.context import current_cloud, database_session
from portal.decisions import Decision, public_data
from portal.identity import source_address
from portal.launch.forms import carries_proof
from portal.limits import limited
from server import reminders
from server.clients import Scope
from server.launches import LaunchRefusedError
from server.launches.patients import PatientNumbers, person_of
from server.model import RecognitionOutcome
from server.provinces import elsewhere
from server.reminders import Decided, Reason, RulesError

View = TypeVar("View", bound=Callable[..., Any])
Message = TypeVar("Message", bound=BaseModel)
log = structlog.get_logger("portal")

ADDRESS = "/cds-services"
HOOKS = ("order-select", "order-sign")
_SERVICE = "same-examinations"

blueprint = Blueprint("cds_hooks", __name__, url_prefix=ADDRESS)


def _cds_client(view: View) -> View:
    words = f"a CDS client with scope {Scope.REMINDER}"
    check = Decision(words, lambda _values: require_cds_client(Scope.REMINDER), data=True)
    cast(Any, view).decision = check
    return limited(PER_CALLER, by=token_key)(carries_proof(view))


@blueprint.get("")
@public_data
def discovery() -> Response:
    """Say which services there are; nothing of anybody, so anyone may ask."""
    described = {
        "title": "相同检查提醒 / same examinations",
        "description": "开单前提醒患者已做过的相同检查，可以互认。 / Before imaging is "
        "ordered: the patient's same examinations, of all hospitals, that could be recognised.",
        "usageRequirements": "draftOrders 中的 ServiceRequest 须有 DICOM 检查类型编码 / a "
        "ServiceRequest needs a coding of the modality by DICOM (DCM)",
    }
    services = [{"hook": hook, "id": f"{_SERVICE}-{hook}", **described} for hook in HOOKS]
    return jsonify({"services": services})


@blueprint.post("/<service_id>")
@_cds_client
def serve(service_id: str) -> Response:
    """Answer a hook with one card for each order that could be spared."""
    call = _read(HookCall)
    if service_id != f"{_SERVICE}-{call.hook}":
        raise NotFound
    cloud, session, caller = current_cloud(), database_session(), current_caller()
    try:
        orders = orders_of(call)
        number = call.context.patientId.rpartition("/")[2][:64]
        person = person_of(cloud, session, caller.institution_id, PatientNumbers(number))
    except ValidationError as error:
        raise BadRequest from error
    except LaunchRefusedError as error:
        return refused(error.reason)
    if person is not None and orders:
        elsewhere.refresh(cloud, [person.id])
    cards = []
    try:
        for order in orders:
            checked = reminders.check(
                cloud, session, caller, person, order, source=source_address()
            )
            if checked.reminder is not None:
                cards += cards_of(cloud.settings, checked.reminder, checked.offers)
    except RulesError as error:
        log.error("reminder_rules_unusable", error=str(error))
        raise ServiceUnavailable from error
    return jsonify({"cards": [one.model_dump() for one in cards]})


@blueprint.post("/<service_id>/feedback")
@_cds_client
def feedback(service_id: str) -> Response:
    """Record what the physician decided on cards."""
    if service_id not in {f"{_SERVICE}-{hook}" for hook in HOOKS}:
        raise NotFound
    for one in _read(Feedback).feedback:
        take_decision(one.card, _decided(one))
    return jsonify({})


def _decided(one: CardFeedback) -> Decided:
    """Return the decision in our own words. Raises BadRequest for a reason that is none."""
    if one.outcome == "accepted":
        index = one.acceptedSuggestions[0].id if one.acceptedSuggestions else ""
        return Decided(RecognitionOutcome.ACCEPTED, index, None, "")
    given = one.overrideReason
    code = given.reason.code if given is not None and given.reason is not None else ""
    if code not in set(Reason):
        raise BadRequest
    comment = given.userComment if given is not None else ""
    return Decided(RecognitionOutcome.REEXAMINED, "", Reason(code), comment)


def _read(message: type[Message]) -> Message:
    """Return the body of the request. Raises BadRequest."""
    try:
        return message.model_validate_json(request.get_data())
    except ValidationError as error:
        raise BadRequest from error
