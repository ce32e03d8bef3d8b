"""A study in cold storage: what the page says while it is brought back (D-44, G-07).

Every page of a study that needs an object ends here while the study is cold: the storage layer
says so, and `portal.errors` answers with this page. Nothing is brought back before somebody asks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, redirect, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import event

from portal.context import current_cloud, database_session
from portal.decisions import study_action
from portal.doors import StudyDoor
from portal.study.pages import study_frame
from portal.study.shown import megabytes
from server import messages
from server.access import Action
from server.archive import recalls
from server.model import UNFINISHED_RECALL, Account, RecallState
from server.terms import china_time

blueprint = Blueprint("study_recall", __name__)

ASKED_AGAIN_SECONDS = 20
_MINUTE = 60


@dataclass(frozen=True)
class Recalling:
    """How far the recall is, for the page."""

    state: str  # "" before anybody asked
    waits: bool
    told: bool  # whether a message reaches who waits
    failed: bool
    minutes: int
    due_at: datetime | None
    size: str
    recall_url: str


@blueprint.post("/recall")
@study_action(Action.VIEW_PICTURES)
def recall(door: StudyDoor) -> ResponseReturnValue:
    """Order the recall of a cold study; then its page says how far it is."""
    cloud, session, study_id = current_cloud(), database_session(), door.study.study_id
    if recalls.is_cold(session, study_id):
        recalls.order(session, study_id, door.grant.account_id)
        # Not before: a worker would look for an order that is not there yet.
        event.listen(
            session, "after_commit", lambda _: cloud.jobs.recall_study(study_id), once=True
        )
    return redirect(door.pictures_url, 303)


def _is_told(door: StudyDoor) -> bool:
    account = (
        database_session().get(Account, door.grant.account_id) if door.grant.account_id else None
    )
    return account is not None and messages.can_reach(current_cloud(), account)


def cold_page(door: StudyDoor) -> Response:
    """Say that the study is in cold storage, how far its recall is, and when it is to be had."""
    session, study_id = database_session(), door.study.study_id
    newest = recalls.latest(session, study_id, door.grant.account_id)
    state = RecallState(newest.state) if newest is not None else None
    waits = state in UNFINISHED_RECALL
    expected = recalls.expected(session)
    page = render_template(
        "study/cold.html",
        study=study_frame(door),
        recalling=Recalling(
            state=state.value if state is not None else "",
            waits=waits,
            told=_is_told(door),
            failed=state is RecallState.FAILED,
            minutes=max(1, math.ceil(expected.total_seconds() / _MINUTE)),
            due_at=china_time(newest.due_at) if newest is not None and waits else None,
            size=megabytes(recalls.study_bytes(session, study_id)),
            recall_url=door.url("recall"),
        ),
        seconds=ASKED_AGAIN_SECONDS,
    )
    response = Response(page, status=503, content_type="text/html; charset=utf-8")
    response.headers["Retry-After"] = str(ASKED_AGAIN_SECONDS)
    return response
