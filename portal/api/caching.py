"""What a hospital's front machine asks about its cache (D-24 … D-29, E-26, F-29)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal, TypeVar

from flask import Blueprint, Response, request
from flask_babel import gettext as _
from pydantic import BaseModel, Field, StringConstraints
from spectree import Response as Answers
from werkzeug.exceptions import NotFound

from portal.api.callers import client_may, current_caller
from portal.api.document import CLIENT, document
from portal.api.models import Number, Problem, Strict
from portal.api.refusals import problem_answer, refused
from portal.context import current_cloud, database_session
from server.cache_applications import giving, progress, retrieving
from server.cache_applications.orders import orders_for
from server.cache_applications.reasons import NotGivenError
from server.cache_applications.retrieving import NotAuthorisedError
from server.cache_applications.words import words
from server.clients import Scope
from server.launches import LaunchRefusedError, PatientNumbers
from server.launches.patients import person_of
from server.model import CacheItem

blueprint = Blueprint("caching_api", __name__, url_prefix="/api/v1/gateway")
T = TypeVar("T")

_REFUSALS = {"HTTP_401": Problem, "HTTP_403": Problem, "HTTP_429": Problem}
_SECURITY = {CLIENT: [str(Scope.GATEWAY)]}


class ItemToFetch(BaseModel):
    """要取到本院缓存的检查 / a study to fetch, and until when it is kept."""

    item_id: str
    keep_until: datetime


class StudyOpened(BaseModel):
    """患者已授权本院医生查看的检查 / a study that the patient opened to doctors of the hospital."""

    study_uid: str
    until: datetime


class ItemToDelete(BaseModel):
    """患者撤回同意后须删除的检查 / a study to delete: its consent was withdrawn."""

    item_id: str
    study_uid: str


class CacheTold(BaseModel):
    """缓存任务 / what is to be fetched, shown and deleted just now."""

    fetch: list[ItemToFetch]
    opened: list[StudyOpened]
    delete: list[ItemToDelete]


class ObjectTold(BaseModel):
    """一个影像对象 / one object, as it will arrive."""

    sop_instance_uid: str
    size: int
    sha256: str


class ItemListed(BaseModel):
    """检查的全部对象 / all objects of a study, in the order in which they come."""

    study_uid: str
    own: bool = Field(description="本院检查 / the hospital's own")
    objects: list[ObjectTold]


class Outcome(Strict):
    """前置机上的结果 / what became of an item at the front machine."""

    outcome: Literal["cached", "failed", "deleted", "read"]
    objects: int = Field(0, ge=0)
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z_]{0,40}$")] = ""


class RetrievalWanted(Strict):
    """按患者调阅；`cloud_index` 为空时取全部 / of a patient, all studies or the one of an index."""

    patient_id: Number
    certificate_number: Annotated[str, StringConstraints(pattern=r"^([0-9]{17}[0-9Xx])?$")] = ""
    cloud_index: Annotated[str, StringConstraints(max_length=200)] = ""


class RetrievalTold(BaseModel):
    """可取的检查 / what may be fetched now."""

    fetch: list[ItemToFetch]


@blueprint.get("/cache")
@client_may(Scope.GATEWAY)
@document.validate(
    resp=Answers(HTTP_200=CacheTold, **_REFUSALS), security=_SECURITY, tags=["gateway"]
)
def orders() -> Response:
    """查询缓存任务 / What the front machine has to do about its cache."""
    found = orders_for(current_cloud(), database_session(), current_caller().institution_id)
    told = CacheTold(
        fetch=[ItemToFetch(item_id=one.item_id, keep_until=one.keep_until) for one in found.fetch],
        opened=[StudyOpened(study_uid=one.study_uid, until=one.until) for one in found.opened],
        delete=[ItemToDelete(item_id=one.item_id, study_uid=one.study_uid) for one in found.delete],
    )
    return _json(told)


@blueprint.get("/cache/<item_id>")
@client_may(Scope.GATEWAY)
@document.validate(
    resp=Answers(HTTP_200=ItemListed, HTTP_404=Problem, HTTP_409=Problem, **_REFUSALS),
    security=_SECURITY,
    tags=["gateway"],
)
def listing(item_id: str) -> Response:
    """列出一项检查的对象 / The objects of a study, wherever it lies."""
    institution_id = current_caller().institution_id
    found = _given(lambda: giving.listing(current_cloud(), institution_id, item_id))
    if isinstance(found, Response):
        return found
    objects = [ObjectTold(**one.model_dump()) for one in found.objects]
    return _json(ItemListed(study_uid=found.study_uid, own=found.own, objects=objects))


@blueprint.get("/cache/<item_id>/objects")
@client_may(Scope.GATEWAY)
@document.validate(
    resp=Answers(HTTP_404=Problem, HTTP_409=Problem, **_REFUSALS),
    security=_SECURITY,
    tags=["gateway"],
    skip_validation=True,  # objects that are sent as they are read
)
def objects(item_id: str) -> Response | tuple[Iterator[bytes], HTTPStatus, dict[str, str]]:
    """取对象，`first` 起逐个相连 / The objects from number `first` on, one after the other."""
    institution_id, cloud = current_caller().institution_id, current_cloud()
    first = max(request.args.get("first", 0, type=int), 0)
    found = _given(lambda: giving.objects(cloud, institution_id, item_id, first))
    if isinstance(found, Response):
        return found
    # No Response, for spectree would read all of one into memory.
    return found, HTTPStatus.OK, {"Content-Type": "application/octet-stream"}


@blueprint.post("/cache/<item_id>/outcome")
@client_may(Scope.GATEWAY)
@document.validate(
    resp=Answers("HTTP_204", HTTP_404=Problem, **_REFUSALS), security=_SECURITY, tags=["gateway"]
)
def outcome(item_id: str, json: Outcome) -> Response:
    """上报缓存、删除、调阅的结果 / What became of an item: cached, failed, deleted, read."""
    session, caller = database_session(), current_caller()
    try:
        item = giving.item_of(session, caller.institution_id, item_id)
    except LookupError as error:
        raise NotFound from error
    _note(item, json, f"client:{caller.client_id}")
    return Response(status=HTTPStatus.NO_CONTENT)


@blueprint.post("/retrievals")
@client_may(Scope.GATEWAY)
@document.validate(
    resp=Answers(HTTP_200=RetrievalTold, HTTP_404=Problem, HTTP_409=Problem, **_REFUSALS),
    security=_SECURITY,
    tags=["gateway"],
)
def retrieve(json: RetrievalWanted) -> Response:
    """未预先缓存的调阅：先本省，再索引，再外省 / A retrieval without a cache before it (D-29)."""
    cloud, session, caller = current_cloud(), database_session(), current_caller()
    numbers = PatientNumbers(json.patient_id, json.certificate_number)
    try:
        person = person_of(cloud, session, caller.institution_id, numbers)
    except LaunchRefusedError as error:
        return refused(error.reason)
    if person is None:
        raise NotFound
    session.commit()
    try:
        found = retrieving.retrieve(
            cloud, caller.institution_id, person.id,
            cloud_index=json.cloud_index, actor=f"client:{caller.client_id}",
        )  # fmt: skip
    except NotAuthorisedError:
        return problem_answer(
            "caching-not-authorised",
            HTTPStatus.FORBIDDEN,
            _("需要患者授权"),
            _("患者还没有授权本院医生调阅，请先在医生工作站取得授权，再从前置机调阅。"),
        )
    return _json(
        RetrievalTold(
            fetch=[ItemToFetch(item_id=one.item_id, keep_until=one.keep_until) for one in found]
        )
    )


def _note(item: CacheItem, told: Outcome, actor: str) -> None:
    session = database_session()
    if told.outcome == "failed":
        progress.failed(session, item, told.reason or "unknown_failure", final=False)
    elif told.outcome == "cached":
        progress.arrived(session, item, told.objects, actor=actor)
    elif told.outcome == "deleted":
        progress.ended(session, item, told.objects, actor=actor)
    else:
        progress.read(session, item, told.objects, actor=actor)


def _given(ask: Callable[[], T]) -> T | Response:
    database_session().commit()  # what follows may wait for another province
    try:
        return ask()
    except LookupError as error:
        raise NotFound from error
    except NotGivenError as refusal:
        name = f"caching-{refusal.reason}"
        detail = words(refusal.reason)
        return problem_answer(name, HTTPStatus.CONFLICT, _("暂时不能缓存这次检查"), detail)


def _json(told: BaseModel) -> Response:
    return Response(told.model_dump_json(), HTTPStatus.OK, content_type="application/json")
