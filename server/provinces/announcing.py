"""Telling the index module which studies we hold (D-09, D-10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import outbox
from server.model import ProcessingState, Study
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
    reports (review, amendment, withdrawal) or of whom it is of: `server.model.announcing` marks
    it in the transaction that changes it. Repeatable: what is announced is not announced twice.
    """
    with cloud.database.session() as session:
        news = session.scalars(
            select(Study)
            .where(Study.announce_due, Study.state != ProcessingState.PENDING, is_own())
            .limit(_MOST_AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
        for study in news:
            announce(session, study.study_id)
            study.announce_due = False
        return len(news)
