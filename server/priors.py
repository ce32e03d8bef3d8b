"""Earlier and later examinations of the same person, to be read beside one (历史检查, C-25)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from server import access
from server.access import AccessDenied, Action, Grant, GrantKind
from server.model import ProcessingState, Study

if TYPE_CHECKING:
    from server.cloud import ImageCloud

MOST_PRIORS = 50


def studies_beside(
    cloud: ImageCloud, session: Session, grant: Grant, study: Study
) -> tuple[Study, ...]:
    """Return the other studies of the person pictured in `study`, newest first (C-25).

    Only those that the grant may see as DICOM just now: `server.access.authorize` is asked for
    each. A share shows one study and nothing beside it; a study that belongs to nobody known has
    nothing beside it either, for a hospital's number or a name may be somebody else's.
    """
    if grant.kind is GrantKind.SHARE or study.person_id is None:
        return ()
    found = session.scalars(
        select(Study)
        .where(
            Study.person_id == study.person_id,
            Study.study_id != study.study_id,
            Study.state == ProcessingState.READY,
        )
        .options(joinedload(Study.institution), selectinload(Study.series))
        .order_by(Study.study_datetime.desc(), Study.study_id.desc())
        .limit(MOST_PRIORS)
    ).all()
    return tuple(one for one in found if _may_see(cloud, session, grant, one))


def _may_see(cloud: ImageCloud, session: Session, grant: Grant, study: Study) -> bool:
    with contextlib.suppress(AccessDenied):
        access.authorize(cloud, session, grant, Action.VIEW_DICOM, study)
        return True
    return False
