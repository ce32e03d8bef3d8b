"""Until when a cache is kept, and by when it has to be there: pure functions of dates.

Days are China's.
"""

from __future__ import annotations

import calendar
from datetime import date, datetime, time, timedelta

from server.clock import CHINA

KEPT_DAYS = 3
AT_ONCE = timedelta(minutes=10)


def end_at_gateway(visit_at: datetime) -> datetime:
    """Return the end of the third day after a visit: 2025-10-15 gives 10-18 24:00 (E-26, X-05)."""
    return _midnight(_day(visit_at) + timedelta(days=KEPT_DAYS + 1))


def end_at_centre(visit_at: datetime, months: int) -> datetime:
    """Return the end of the day that follows so many months after a visit (D-28, X-05).

    A visit on 2025-10-15 gives, for one month, the end of 2025-11-16; where a month has no such
    day, its last one counts.
    """
    return _midnight(_months_later(_day(visit_at), months) + timedelta(days=2))


def due_at(applied_at: datetime, visit_at: datetime) -> datetime:
    """Return by when a cache has to be complete: ten minutes after a registration of the same day,
    else the end of the day before the visit (E-23, E-24)."""
    if _day(visit_at) <= _day(applied_at):
        return applied_at + AT_ONCE
    return _midnight(_day(visit_at))


def _day(instant: datetime) -> date:
    return instant.astimezone(CHINA).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=CHINA)


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
