"""A hospital's own delivery of a study that is here as a copy: the study becomes its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import audit, clock, outbox
from server.model import CacheRequest, CacheState, Study
from server.provinces import expiry

if TYPE_CHECKING:
    from server.cloud import ImageCloud

# What an application says that cannot be served, because the study is here without it.
HELD_ALREADY = "held_already"


def adopt(
    cloud: ImageCloud, session: Session, study_uid: str, fits: Callable[[Study], None]
) -> expiry.Leftovers | None:
    """Let the study of an own delivery take the place of its copy; None where there is no copy.

    The copy ends as it would with its period, only that its row goes on as the hospital's study,
    under the same study_id, with a new data key and nothing of the copy in it: so nothing that the
    hospital is told to be stored ends with the copy, and nothing of the copy outlives its consent.
    `fits` raises what refuses the delivery (another hospital's, another patient's); then the copy
    stays as it is. The caller removes what is left over once his transaction is committed.
    """
    request = session.scalar(
        select(CacheRequest)
        .join(Study, Study.study_id == CacheRequest.study_id)
        .where(Study.study_uid == study_uid)
    )
    if request is None or request.study_id is None:
        return None
    study = session.get_one(Study, request.study_id)
    fits(study)
    leftovers = expiry.empty(session, study)
    study.data_key = cloud.vault.new_data_key(session)
    request.study_id, request.state, request.failure = None, CacheState.FAILED, HELD_ALREADY
    request.done, request.updated_at = 0, clock.now()
    _note(session, request, study)
    return leftovers


def _note(session: Session, request: CacheRequest, study: Study) -> None:
    noted = {"study_id": study.study_id, "event": "deleted", "consent": request.consent}
    outbox.put(session, "cache", noted, about=study.study_id)
    audit.record(
        session,
        actor_kind="system",
        actor="ingest",
        event="cache.adopt",
        object_kind="study",
        object_id=study.study_id,
        detail={"consent": request.consent},
    )
