"""Telling the index module which studies we hold (D-09, D-10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from server import outbox
from server.model import OutboxEntry, ProcessingState, Report, ReportStatus, Study
from server.provinces.records import is_own

if TYPE_CHECKING:
    from server.cloud import ImageCloud

_MOST_AT_ONCE = 500


def announce(session: Session, study_id: str) -> None:
    """Put the record of a study to the outbox, in the caller's transaction."""
    outbox.put(session, outbox.STUDY_INDEX, {"study_id": study_id}, about=study_id)


def announce_news(cloud: ImageCloud) -> int:
    """Announce the studies that the index does not know as they are now; return how many.

    Each stored study is announced once its pictures are made, and again after every change of its
    report (review, amendment, withdrawal). Repeatable: what is announced is not announced twice.
    """
    announced = (
        select(func.max(OutboxEntry.created_at))
        .where(OutboxEntry.kind == outbox.STUDY_INDEX, OutboxEntry.about == Study.study_id)
        .correlate(Study)
        .scalar_subquery()
    )
    newer_report = exists().where(
        Report.study_id == Study.study_id,
        Report.status != ReportStatus.DRAFT,
        Report.created_at > announced,
    )
    with cloud.database.session() as session:
        news = session.scalars(
            select(Study.study_id)
            .where(
                Study.state != ProcessingState.PENDING,
                is_own(),
                announced.is_(None) | newer_report,
            )
            .limit(_MOST_AT_ONCE)
        ).all()
        for study_id in news:
            announce(session, study_id)
    return len(news)
