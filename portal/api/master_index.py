"""The master index (D-36): the regional platform tells it, applications call images by it."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response, request
from flask_babel import gettext as _
from pydantic import BaseModel, Field
from spectree import Response as Answers
from werkzeug.exceptions import NotFound

from portal.api.callers import client_may, current_caller
from portal.api.document import CLIENT, document
from portal.api.models import Number, Problem, Strict
from portal.api.racing import in_turn
from portal.api.refusals import problem_answer
from portal.context import current_cloud, database_session
from portal.dicomweb.service import LAUNCH_HEADER, base_url
from portal.identity import source_address
from server import audit, master_index
from server.clients import Scope
from server.dicomweb import readers
from server.dicomweb.readers import NotFoundError
from server.master_index import Assigned
from server.master_index.client import IndexText
from server.model import MasterIndex, Study

blueprint = Blueprint("master_index_api", __name__, url_prefix="/api/v1/master-index")

_REFUSALS = {"HTTP_401": Problem, "HTTP_403": Problem, "HTTP_404": Problem, "HTTP_429": Problem}
_READS = {CLIENT: [str(Scope.DICOMWEB_READ)]}
_KEPT = {Assigned.ASSIGNED, Assigned.SAME}


class AssignmentBody(Strict):
    """区域平台为一个条目生成的唯一索引 / the unique index that the platform made for an entry."""

    entry_id: Number
    master_index: IndexText


class AssignmentKept(BaseModel):
    """已保存；重复通知无妨 / kept; told again it does no harm."""

    result: str = Field(description="assigned, same")


class IndexBody(Strict):
    """区域平台的唯一索引 / the platform's unique index."""

    master_index: IndexText


class LaunchHeader(BaseModel):
    """调阅他院影像时，医师正在进行的调阅 / the physician's live launch, for others' images."""

    launch: str = Field("", alias=LAUNCH_HEADER, max_length=64)


class IndexedImages(BaseModel):
    """一次检查的影像及其 DICOMweb 地址 / a study, and where its images are fetched (WADO-RS)."""

    study_uid: str
    cloud_index: str
    institution_name: str
    modality: str
    body_part: str
    study_datetime: datetime
    series_count: int
    image_count: int
    retrieve_url: str


class ImagesFound(BaseModel):
    """主索引所指的检查中，调用方现在有权查看的 / those that the caller may see just now."""

    master_index: str = Field(description='区域平台的索引，尚未生成时为空 / "" until there is one')
    studies: list[IndexedImages]


@blueprint.post("/assignments")
@client_may(Scope.MASTER_INDEX_WRITE)
@document.validate(
    resp=Answers(HTTP_200=AssignmentKept, HTTP_409=Problem, **_REFUSALS),
    security={CLIENT: [str(Scope.MASTER_INDEX_WRITE)]},
    tags=["master-index"],
)
def keep_assignment(json: AssignmentBody) -> Response:
    """区域平台回传唯一索引 / The regional platform tells the index that it made."""
    assigned = in_turn(
        lambda: master_index.assign(
            database_session(),
            json.entry_id,
            json.master_index,
            actor_kind="client",
            actor=f"client:{current_caller().client_id}",
            source=source_address(),
        )
    )
    if assigned is Assigned.UNKNOWN:
        raise NotFound
    if assigned not in _KEPT:
        words = {
            Assigned.OTHER: _("该条目已有另一个主索引，原索引保留。请核对。"),
            Assigned.TAKEN: _("这个主索引已属于另一次检查，没有保存。请核对。"),
        }
        return problem_answer(
            f"master-index-{assigned}", HTTPStatus.CONFLICT, _("没有收下"), words[assigned]
        )
    kept = AssignmentKept(result=str(assigned))
    return Response(kept.model_dump_json(), HTTPStatus.OK, content_type="application/json")


@blueprint.post("/images")
@client_may(Scope.DICOMWEB_READ)
@document.validate(
    headers=LaunchHeader,
    resp=Answers(HTTP_200=ImagesFound, **_REFUSALS),
    security=_READS,
    tags=["master-index"],
)
def images_of_index(json: IndexBody) -> Response:
    """按主索引调用影像：本院的，或医师调阅中患者已授权的 / Images by the platform's index."""
    return _images(master_index.entry_of(database_session(), json.master_index))


@blueprint.get("/<entry_id>/images")
@client_may(Scope.DICOMWEB_READ)
@document.validate(
    headers=LaunchHeader,
    resp=Answers(HTTP_200=ImagesFound, **_REFUSALS),
    security=_READS,
    tags=["master-index"],
)
def images_of_entry(entry_id: str) -> Response:
    """发给区域平台的影像访问地址 / The image access address that the platform was sent."""
    return _images(database_session().get(MasterIndex, entry_id))


def _images(entry: MasterIndex | None) -> Response:
    """Answer what of an entry the caller may see; where that is nothing, there is nothing."""
    if entry is None:
        raise NotFound
    cloud, session, caller = current_cloud(), database_session(), current_caller()
    launch_id = request.headers.get(LAUNCH_HEADER, "")
    try:
        reader = readers.of_client(cloud, session, caller, launch_id, source=source_address())
        found = [
            readers.study_of(cloud, session, reader, one.study_uid)
            for one in master_index.named_by(session, entry)
        ]
    except NotFoundError as error:
        raise NotFound from error
    if not found:
        raise NotFound
    answer = ImagesFound(
        master_index=entry.platform_index or "", studies=[_told(one) for one in found]
    )
    audit.record(
        session,
        actor_kind="client",
        actor=f"client:{caller.client_id}",
        event="master_index.read",
        object_kind="master_index",
        object_id=entry.entry_id,
        source=source_address(),
        detail={"studies": [one.study_id for one in found], "launch": launch_id[:64]},
    )
    return Response(answer.model_dump_json(), HTTPStatus.OK, content_type="application/json")


def _told(study: Study) -> IndexedImages:
    return IndexedImages(
        study_uid=study.study_uid,
        cloud_index=study.cloud_index,
        institution_name=study.institution.name,
        modality=study.modality,
        body_part=study.body_part,
        study_datetime=study.study_datetime,
        series_count=len(study.series),
        image_count=sum(one.instance_count for one in study.series),
        retrieve_url=f"{base_url()}/studies/{study.study_uid}",
    )
