"""When an examination was made: DICOM dates and times as instants."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

from server.clock import CHINA

_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_TIME = re.compile(r"(\d{2})(?::?(\d{2}))?(?::?(\d{2}))?(?:\.\d*)?")
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})")
_EARLIEST_YEAR = 1895  # no image is older than the discovery of X-rays


def study_moment(pairs: Iterable[tuple[str, str]], offset: str) -> datetime | None:
    """Return the first date and time of the pairs that exists, aware; None when none does.

    `pairs` hold a DA and a TM value each (PS3.5 6.2), `offset` Timezone Offset From UTC (0008,0201)
    such as "+0800"; Asia/Shanghai when empty or wrong. A date without a usable time means midnight.
    """
    zone = _zone(offset)
    for date, time in pairs:
        moment = _moment(date, time, zone)
        if moment is not None:
            return moment
    return None


def _moment(date: str, time: str, zone: timezone) -> datetime | None:
    day = _DATE.fullmatch(date)
    if day is None or int(day[1]) < _EARLIEST_YEAR or int(day[1]) > 9000:
        return None
    try:
        midnight = datetime(int(day[1]), int(day[2]), int(day[3]), tzinfo=zone)
    except ValueError:
        return None
    clock = _TIME.fullmatch(time)
    if clock is None:
        return midnight
    try:
        return midnight.replace(
            hour=int(clock[1]), minute=int(clock[2] or 0), second=min(59, int(clock[3] or 0))
        )
    except ValueError:
        return midnight


def _zone(offset: str) -> timezone:
    match = _OFFSET.fullmatch(offset)
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        return CHINA
    delta = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(delta if match[1] == "+" else -delta)
