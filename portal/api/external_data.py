"""Two ways in for providers of health data: sensors, and health AI (D-34)."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from flask import Blueprint, Response
from flask_babel import gettext as _
from pydantic import BaseModel, Field, StringConstraints, model_validator
from spectree import Response as Answers

from portal.api.callers import client_may, current_caller
from portal.api.document import CLIENT, document
from portal.api.models import Problem, Strict
from portal.api.racing import in_turn
from portal.api.refusals import problem_answer
from portal.context import current_cloud, database_session
from portal.identity import source_address
from server import external_data
from server.clients import Scope
from server.external_data import (
    AiResult,
    ExternalRefusedError,
    Received,
    RefusedData,
    SensorObservation,
)

blueprint = Blueprint("external_data_api", __name__, url_prefix="/api/v1")

MOST_AT_ONCE = 200
_REFUSALS = {
    "HTTP_401": Problem,
    "HTTP_403": Problem,
    "HTTP_404": Problem,
    "HTTP_409": Problem,
    "HTTP_429": Problem,
}


class DataOf(Strict):
    """身份证号或个人编码，至少一个；两个都给时须为同一人 / whose data: at least one number."""

    id_number: Annotated[str, StringConstraints(pattern=r"^([0-9]{17}[0-9Xx])?$")] = ""
    person_code: Annotated[str, StringConstraints(pattern=r"^([0-9]{26})?$")] = ""

    @model_validator(mode="after")
    def _named(self) -> DataOf:
        if not (self.id_number or self.person_code):
            raise ValueError("id_number or person_code is needed")
        return self


class ObservationsBody(Strict):
    """一个人的若干次观测 / observations of one person"""

    person: DataOf
    observations: list[SensorObservation] = Field(min_length=1, max_length=MOST_AT_ONCE)


class AiResultsBody(Strict):
    """一个人的若干个分析结果 / results for one person"""

    person: DataOf
    results: list[AiResult] = Field(min_length=1, max_length=MOST_AT_ONCE)


class DataTaken(BaseModel):
    """全部收下：新存的，和以前收过的 / all are kept: now, and before"""

    stored: int
    duplicate: int


@blueprint.post("/health-sensors/observations")
@client_may(Scope.SENSOR_WRITE)
@document.validate(
    resp=Answers(HTTP_200=DataTaken, **_REFUSALS),
    security={CLIENT: [str(Scope.SENSOR_WRITE)]},
    tags=["external-data"],
)
def take_observations(json: ObservationsBody) -> Response:
    """接收健康传感器的观测；要么全收，要么不收 / Observations of health sensors."""
    return _take(json.person, json.observations)


@blueprint.post("/health-ai/results")
@client_may(Scope.HEALTH_AI_WRITE)
@document.validate(
    resp=Answers(HTTP_200=DataTaken, **_REFUSALS),
    security={CLIENT: [str(Scope.HEALTH_AI_WRITE)]},
    tags=["external-data"],
)
def take_results(json: AiResultsBody) -> Response:
    """接收健康类人工智能的结果；要么全收，要么不收 / Results of health AI."""
    return _take(json.person, json.results)


def _take(of: DataOf, sent: Sequence[SensorObservation] | Sequence[AiResult]) -> Response:
    cloud, session = current_cloud(), database_session()

    def receive() -> Received:
        person = external_data.whose(
            cloud, session, id_number=of.id_number, person_code=of.person_code
        )
        return external_data.receive(
            cloud, session, current_caller(), person, sent, source=source_address()
        )

    try:
        taken = in_turn(receive)
    except ExternalRefusedError as error:
        return _refused(error.reason)
    answer = DataTaken(stored=taken.stored, duplicate=taken.duplicate)
    return Response(answer.model_dump_json(), HTTPStatus.OK, content_type="application/json")


def _refused(reason: RefusedData) -> Response:
    words = {
        RefusedData.PERSON: _("这里没有这位参保人，请核对编号。"),
        RefusedData.NUMBERS: _("编号有误，或几个编号不是同一个人，请核对。"),
        RefusedData.STUDY: _("这位参保人名下没有这次检查，请核对检查唯一标识。"),
        RefusedData.FUTURE: _("时间晚于现在，请校准设备时钟后重传。"),
        RefusedData.CONFLICT: _("同一编号已收过不同的内容，原内容保留。请换用新的编号。"),
    }
    missing = {RefusedData.PERSON, RefusedData.STUDY}
    status = HTTPStatus.NOT_FOUND if reason in missing else HTTPStatus.CONFLICT
    return problem_answer(f"external-{reason}", status, _("没有收下"), words[reason])
