"""The local cache: studies of a patient fetched before his visit, gone after their period."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from server.clock import CHINA
from server.gateway.centre import Centre
from server.gateway.spool import ConflictError, Spool
from server.gateway.tables import SpoolState
from server.ingest.limits import IngestLimits
from server.ingest.parse import parse

LEAST_DAYS = 3


def end_of_period(visit: date, days: int = LEAST_DAYS) -> datetime:
    """Return until when a cache is kept for a visit: the end of the third day after it at least
    (E-26: visit 2025-10-15, kept until 2025-10-18 24:00 in China)."""
    last = visit + timedelta(days=max(LEAST_DAYS, days))
    return datetime.combine(last + timedelta(days=1), time(), CHINA)


def cache_study(
    spool: Spool, centre: Centre, study_uid: str, visit: date, days: int = LEAST_DAYS
) -> int:
    """Fetch a study from the centre and keep it for a visit; return how many objects came.

    A later visit lengthens the period; what is here already is not replaced. Raises
    CentreUnavailableError, RefusedError, StorageError; then what came is kept and the rest is
    fetched at the next try.
    """
    end = end_of_period(visit, days)
    rules, _ = spool.rules()
    came = 0
    for data in centre.fetch(study_uid):
        received = parse(data, IngestLimits())
        try:
            came += spool.put(received, rules=rules, state=SpoolState.CACHED, keep_until=end)
        except ConflictError:
            continue  # the hospital's own object, which it is about to send
    spool.extend(study_uid, end)
    return came
