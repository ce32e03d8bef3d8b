"""Dates and times of an object as ISO strings, local to the scanner, without an offset."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from server.imaging.attributes import FrameValues

_DATE = re.compile(r"(\d{4})[.]?(\d{2})[.]?(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6})\d*)?")
_DATE_TIME = re.compile(r"(\d{8})(\d{2,6}(?:\.\d+)?)?([+-]\d{4})?")
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})")


def parse_date_time(date: str, time: str) -> datetime | None:
    """Read a DA and a TM (PS3.5 6.2, the colons of old files too); None when one is no such thing.

    Without a time there is no moment: nothing is counted from a midnight that nobody stated.
    """
    day, clock = _DATE.fullmatch(date.strip()), _TIME.fullmatch(time.strip())
    if day is None or clock is None:
        return None
    fraction = int((clock[4] or "0").ljust(6, "0"))
    try:
        return datetime(
            int(day[1]),
            int(day[2]),
            int(day[3]),
            int(clock[1]),
            int(clock[2] or 0),
            int(clock[3] or 0),
            fraction,
        )
    except ValueError:  # a leap second, or no date at all
        return None


def parse_dt(text: str, offset_from_utc: str) -> datetime | None:
    """Read a DT; one with an offset is brought to the object's own, Timezone Offset From UTC."""
    match = _DATE_TIME.fullmatch(text.strip())
    if match is None:
        return None
    moment = parse_date_time(match[1], match[2] or "")
    stated, own = _offset(match[3] or ""), _offset(offset_from_utc)
    if moment is None or stated is None or own is None:
        return moment
    return moment + (own - stated)


def moment_of(values: FrameValues, kind: str) -> datetime | None:
    """Return the moment `kind` ("Acquisition", "Series" …): its DateTime, else date and time."""
    offset = values.text("TimezoneOffsetFromUTC")
    for keyword, place in (
        (f"Frame{kind}DateTime", "FrameContentSequence"),
        (f"{kind}DateTime", ""),
    ):
        if moment := parse_dt(values.text(keyword, place), offset):
            return moment
    return parse_date_time(values.text(f"{kind}Date"), values.text(f"{kind}Time"))


def iso(moment: datetime | None) -> str:
    """Return the moment as ISO 8601, "" for none."""
    return "" if moment is None else moment.isoformat()


def _offset(text: str) -> timedelta | None:
    match = _OFFSET.fullmatch(text.strip())
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    return timedelta(minutes=minutes if match[1] == "+" else -minutes)
