"""What a hospital's registration screen calls: the consent to caching of history (E-20, A-47)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response
from pydantic import BaseModel
from spectree import Response as Answers
from werkzeug.exceptions import Conflict, NotFound

from portal.api.callers import client_may, current_caller
from portal.api.document import CLIENT, document
from portal.api.models import Number, Patient, Problem, Strict
from portal.api.refusals import refused
from portal.context import current_cloud, database_session
from portal.identity import source_address
from server.authorisations import caching
from server.clients import Scope
from server.launches import LaunchRefusedError
from server.launches.patients import person_of
from server.model import Institution

blueprint = Blueprint("registration_api", __name__, url_prefix="/api/v1")

_REFUSALS = {"HTTP_401": Problem, "HTTP_403": Problem, "HTTP_429": Problem}
_SECURITY = {CLIENT: [str(Scope.CONSENT_WRITE)]}


class CachingText(BaseModel):
    """挂号界面须展示的文字 / what the registration screen shows before the person confirms."""

    version: str
    text: str


class CachingBody(Strict):
    """参保人在挂号时点击确认：谁、哪次就诊、所见文字的版本 / who confirmed which text."""

    patient: Patient
    encounter: Number
    version: Number


class CachingConsentMade(BaseModel):
    """已记录的同意 / the consent that is on record."""

    consent_id: str
    given_at: datetime


@blueprint.get("/caching-consents/text")
@client_may(Scope.CONSENT_WRITE)
@document.validate(
    resp=Answers(HTTP_200=CachingText, **_REFUSALS), security=_SECURITY, tags=["consent"]
)
def caching_text() -> Response:
    """取得历史影像缓存告知文字 / The text to be shown and confirmed."""
    text = CachingText(version=caching.TEXT_VERSION, text=caching.CACHING_TEXT)
    return Response(text.model_dump_json(), HTTPStatus.OK, content_type="application/json")


@blueprint.post("/caching-consents")
@client_may(Scope.CONSENT_WRITE)
@document.validate(
    resp=Answers(
        HTTP_201=CachingConsentMade,
        HTTP_404=Problem,
        HTTP_409=Problem,
        HTTP_503=Problem,
        **_REFUSALS,
    ),
    security=_SECURITY,
    tags=["consent"],
)
def record_caching_consent(json: CachingBody) -> Response:
    """登记参保人的确认；文字更新后须重新展示 / Record a confirmation of the text in force."""
    cloud, session, caller = current_cloud(), database_session(), current_caller()
    if json.version != caching.TEXT_VERSION:
        raise Conflict
    try:
        person = person_of(cloud, session, caller.institution_id, json.patient.numbers())
    except LaunchRefusedError as error:
        return refused(error.reason)
    if person is None:
        raise NotFound
    made = caching.record_caching_consent(
        session,
        person=person,
        institution=session.get_one(Institution, caller.institution_id),
        encounter=json.encounter,
        actor=f"client:{caller.client_id}",
        source=source_address(),
    )
    answer = CachingConsentMade(consent_id=made.consent_id, given_at=made.given_at)
    return Response(answer.model_dump_json(), HTTPStatus.CREATED, content_type="application/json")
