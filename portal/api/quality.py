"""What a hospital's own systems are told to send again or to supplement (D-22, D-30, I-16)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response
from pydantic import BaseModel, Field
from spectree import Response as Answers
from sqlalchemy.orm import Session

from portal.api.callers import client_may, current_caller
from portal.api.document import CLIENT, document
from portal.api.models import Problem
from portal.context import database_session
from portal.identity import source_address
from server import audit
from server.clients import Scope
from server.quality import tasks

blueprint = Blueprint("quality_api", __name__, url_prefix="/api/v1/quality")

_REFUSALS = {"HTTP_401": Problem, "HTTP_403": Problem, "HTTP_429": Problem}


class ShortcomingTold(BaseModel):
    """未满足的一条规则 / one rule that was not met, and what was found of it."""

    rule: str
    label: str
    evidence: list[str]


class SupplementTold(BaseModel):
    """需要补传或重传的检查；补齐并通过质控后自动关闭 / a study to supplement or send again."""

    task_id: str
    study_uid: str
    accession_number: str = Field(description='本院检查号，可能为空 / "" where none was sent')
    opened_at: datetime
    shortcomings: list[ShortcomingTold]


class SupplementsTold(BaseModel):
    """本院待补传的全部检查 / all that a hospital still has to send."""

    tasks: list[SupplementTold]


def supplements(session: Session, institution_id: int) -> list[SupplementTold]:
    """Return an institution's open tasks as the API tells them."""
    return [
        SupplementTold(
            task_id=one.task_id,
            study_uid=one.study_uid,
            accession_number=one.accession_number,
            opened_at=one.opened_at,
            shortcomings=[
                ShortcomingTold(rule=why.rule, label=why.label, evidence=list(why.evidence))
                for why in one.shortcomings
            ],
        )
        for one in tasks.open_tasks(session, institution_id)
    ]


@blueprint.get("/tasks")
@client_may(Scope.DICOMWEB_STORE)
@document.validate(
    resp=Answers(HTTP_200=SupplementsTold, **_REFUSALS),
    security={CLIENT: [str(Scope.DICOMWEB_STORE)]},
    tags=["quality"],
)
def open_tasks() -> Response:
    """查询本院待补传、重传的检查 / What the hospital is asked to supplement or send again."""
    session, caller = database_session(), current_caller()
    told = SupplementsTold(tasks=supplements(session, caller.institution_id))
    audit.record(
        session,
        actor_kind="client",
        actor=f"client:{caller.client_id}",
        event="quality.tasks",
        object_kind="list",
        source=source_address(),
        detail={"rows": len(told.tasks)},
    )
    return Response(told.model_dump_json(), HTTPStatus.OK, content_type="application/json")
