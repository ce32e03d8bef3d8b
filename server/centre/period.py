"""Days in China from which statistics are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from server import clock
from server.clock import CHINA

LONGEST_DAYS = 3660
DEFAULT_DAYS = 30


@dataclass(frozen=True)
class Period:
    """Days in China, both included."""

    since: date
    until: date

    @property
    def start(self) -> datetime:
        """The instant at which the first day begins."""
        return datetime.combine(self.since, time(), tzinfo=CHINA)

    @property
    def end(self) -> datetime:
        """The instant at which the day after the last begins."""
        return datetime.combine(self.until + timedelta(days=1), time(), tzinfo=CHINA)

    def as_json(self) -> dict[str, str]:
        """Return both days as they are kept with a request."""
        return {"since": self.since.isoformat(), "until": self.until.isoformat()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Period:
        """Return what `as_json` wrote."""
        return cls(date.fromisoformat(kept["since"]), date.fromisoformat(kept["until"]))

    def days(self) -> Iterator[date]:
        """Yield each day."""
        for number in range((self.until - self.since).days + 1):
            yield self.since + timedelta(days=number)


def day_of(instant: datetime) -> date:
    """Return the day in China of an instant."""
    return instant.astimezone(CHINA).date()


def period(since: str = "", until: str = "", *, days: int = DEFAULT_DAYS) -> Period:
    """Return the period of two ISO dates; without them the last `days`, today included.

    What is no date counts as left out; ends that are the wrong way round are turned, and no
    period is longer than ten years.
    """
    last = _day(until) or day_of(clock.now())
    first = _day(since) or last - timedelta(days=days - 1)
    first, last = min(first, last), max(first, last)
    return Period(max(first, last - timedelta(days=LONGEST_DAYS)), last)


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date(1990, 1, 1) <= found <= date(2200, 1, 1) else None
