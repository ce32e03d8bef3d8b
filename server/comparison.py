"""Two examinations of one person and one part of the body, to be read side by side (A-44)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from server import access
from server.access import AccessDenied, Action, Grant
from server.model import Study
from server.terms import body_part_label, body_parts_labelled

if TYPE_CHECKING:
    from server.cloud import ImageCloud

MOST_CHOICES = 50
_READING = (Action.VIEW_REPORT, Action.VIEW_PICTURES)


def studies_like(
    cloud: ImageCloud, session: Session, grant: Grant, study: Study
) -> tuple[Study, ...]:
    """Return the person's other studies of the same body part that may be read now, newest first.

    `server.access.authorize` is asked for each. A study without person or part has none.
    """
    part = body_part_label(study.body_part)
    if study.person_id is None or not part:
        return ()
    found = session.scalars(
        select(Study)
        .where(
            Study.person_id == study.person_id,
            Study.study_id != study.study_id,
            func.upper(func.trim(Study.body_part)).in_(body_parts_labelled(part)),
        )
        .options(joinedload(Study.institution))
        .order_by(Study.study_datetime.desc(), Study.study_id.desc())
        .limit(MOST_CHOICES)
    ).all()
    return tuple(one for one in found if _may_read(cloud, session, grant, one))


def _may_read(cloud: ImageCloud, session: Session, grant: Grant, study: Study) -> bool:
    for action in _READING:
        with contextlib.suppress(AccessDenied):
            access.authorize(cloud, session, grant, action, study)
            return True
    return False
