"""Prepared series of an older form are made anew, so that they say all that today's viewer asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select, update

from server.imaging.bundle import FORMAT
from server.model import ProcessingState, Series, Study

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()


def renew_outdated(cloud: ImageCloud) -> int:
    """Let every prepared series of another form wait for its pictures again; return how many.

    Run at the start of the worker, whose sweep then finds their studies. Their old pictures stay
    until the new ones are there. Series that failed are not tried again.
    """
    outdated = (
        select(Series.series_id)
        .where(Series.state == ProcessingState.READY)
        .where(~Series.prepared_key.contains(f"/{FORMAT}-", autoescape=True))
    )
    with cloud.database.session() as session:
        found = session.scalars(outdated).all()
        for series_id in found:
            waiting = update(Series).where(Series.series_id == series_id)
            session.execute(waiting.values(state=ProcessingState.PENDING))
        studies = select(Series.study_id).where(Series.state == ProcessingState.PENDING)
        session.execute(
            update(Study)
            .where(Study.study_id.in_(studies))
            .values(state=ProcessingState.PENDING)
            .execution_options(synchronize_session=False)
        )
    if found:
        log.info("outdated_series_found", series=len(found), form=FORMAT)
    return len(found)
