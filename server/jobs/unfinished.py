"""What waits for a job, by the database: nothing is lost when a process dies before its job is
queued, or in the middle of it.

What is asked is imported inside, because it needs the cloud, and the cloud holds the queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.model import UNFINISHED_SENDING, ProcessingState, Sending, Study


def unfinished(session: Session) -> Mapping[str, Iterable[str | int]]:
    """Return what each kind of job has to do, by its name; pictures come first."""
    from server import messages
    from server.archive import recalls
    from server.cache_applications import searching
    from server.downloads import packing
    from server.provinces import fetching

    pending = select(Study.study_id).where(Study.state == ProcessingState.PENDING)
    orders = select(Sending.sending_id).where(Sending.state.in_(UNFINISHED_SENDING))
    return {
        "prepare_study": session.scalars(pending).all(),
        "send": session.scalars(orders).all(),
        "deliver_message": messages.undelivered(session),
        "fetch_copy": fetching.unfinished(session),
        "search_history": searching.unfinished(session),
        "pack_download": packing.unfinished(session),
        "recall_study": recalls.unfinished(session),
    }


def unjudged(session: Session) -> Iterable[str]:
    """Return the studies that have pictures and no quality result."""
    from server.quality import judging

    return judging.unjudged(session)
