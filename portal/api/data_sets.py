"""One query for everything that is kept of a study (D-42, E-37)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from flask import Blueprint, Response
from flask_babel import gettext as _
from pydantic import StringConstraints, model_validator
from spectree import Response as Answers
from werkzeug.exceptions import NotFound

from portal.api.callers import client_may, current_caller
from portal.api.document import CLIENT, document
from portal.api.models import Problem, Strict, Uid
from portal.api.refusals import problem_answer
from portal.context import database_session
from portal.identity import source_address
from server import audit, data_sets
from server.clients import Scope
from server.data_sets import AmbiguousError, DataSet, Named

blueprint = Blueprint("data_set_api", __name__, url_prefix="/api/v1")

_LINE = r"^[^\x00-\x1f\x7f]*$"
_REFUSALS = {
    "HTTP_401": Problem,
    "HTTP_403": Problem,
    "HTTP_404": Problem,
    "HTTP_409": Problem,
    "HTTP_429": Problem,
}


class DataSetBody(Strict):
    """检查的任一号码；给出多个时须全部相符 / any number of it; those that are said must all fit."""

    study_uid: Uid = ""
    accession_number: Annotated[str, StringConstraints(max_length=64, pattern=_LINE)] = ""
    cloud_index: Annotated[str, StringConstraints(max_length=200, pattern=_LINE)] = ""
    master_index: Annotated[str, StringConstraints(max_length=128, pattern=_LINE)] = ""

    @model_validator(mode="after")
    def _named(self) -> DataSetBody:
        if not any(self.model_dump().values()):
            raise ValueError("one number of the study is needed")
        return self


@blueprint.post("/data-sets")
@client_may(Scope.DATA_SETS_READ)
@document.validate(
    resp=Answers(HTTP_200=DataSet, **_REFUSALS),
    security={CLIENT: [str(Scope.DATA_SETS_READ)]},
    tags=["data-sets"],
)
def read_data_set(json: DataSetBody) -> Response:
    """本院一次检查的十四组数据集 / The fourteen groups of data of a study of the hospital."""
    session, caller = database_session(), current_caller()
    try:
        study = data_sets.study_of(session, caller.institution_id, Named(**json.model_dump()))
    except AmbiguousError:
        return problem_answer(
            "data-set-ambiguous",
            HTTPStatus.CONFLICT,
            _("有多次检查"),
            _("这个检查号下有多次检查，请同时给出检查唯一标识。"),
        )
    if study is None:
        raise NotFound
    found = data_sets.data_set(session, study)
    audit.record(
        session,
        actor_kind="client",
        actor=f"client:{caller.client_id}",
        event="data_set.read",
        object_kind="study",
        object_id=study.study_id,
        source=source_address(),
    )
    return Response(found.model_dump_json(), HTTPStatus.OK, content_type="application/json")
