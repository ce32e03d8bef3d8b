"""In which tier a study belongs, and how long it is kept: pure functions of dates (D-31, D-32).

Days are China's. A period of years ends with its anniversary; that of 29 February is 1 March in a
year that has none, so that no period is a day short.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from server.clock import CHINA
from server.model import EncounterClass, Tier

_PROFILES = Path(__file__).with_name("profiles.toml")


@dataclass(frozen=True)
class ArchiveProfile:
    """The rules of one profile, in years; copies of other provinces' studies in months."""

    hot_years: int
    warm_years: int
    access_keeps_hot_years: int
    retention_years: dict[EncounterClass, int]
    from_upload_years: int
    centre_copy_months: int = 0
    centre_copy_years: int = 0

    @property
    def shortest_retention_years(self) -> int:
        """No study's retention ends sooner after its arrival."""
        return self.from_upload_years


@dataclass(frozen=True)
class StudyAge:
    """What tier and retention of a study follow from; instants are aware."""

    completed_at: datetime
    received_at: datetime
    encounter_class: EncounterClass = EncounterClass.UNKNOWN
    last_accessed_at: datetime | None = None
    hot_until: datetime | None = None


@cache
def profile(name: str) -> ArchiveProfile:
    """Return the profile of a name of `profiles.toml`. Raises KeyError."""
    rules = tomllib.loads(_PROFILES.read_text(encoding="utf-8"))[name]
    years = {EncounterClass(kind): count for kind, count in rules.pop("retention_years").items()}
    return ArchiveProfile(retention_years=years, **rules)


def tier_of(rules: ArchiveProfile, age: StudyAge, now: datetime) -> Tier:
    """Return the tier in which a study belongs at an instant (D-32, D-43, X-10)."""
    if age.hot_until is not None and now < age.hot_until:
        return Tier.HOT
    today, completed = _day(now), _day(age.completed_at)
    if today <= after_years(completed, rules.hot_years) or _accessed_lately(rules, age, today):
        return Tier.HOT
    return Tier.WARM if today <= after_years(completed, rules.warm_years) else Tier.COLD


def retain_until(rules: ArchiveProfile, age: StudyAge) -> date:
    """Return the last day of a study's retention: the later of both rules (D-31, X-11)."""
    years = rules.retention_years[age.encounter_class]
    return max(
        after_years(_day(age.completed_at), years),
        after_years(_day(age.received_at), rules.from_upload_years),
    )


def after_years(day: date, years: int) -> date:
    """Return the anniversary; 1 March for 29 February in a year that has none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def _accessed_lately(rules: ArchiveProfile, age: StudyAge, today: date) -> bool:
    if age.last_accessed_at is None or not rules.access_keeps_hot_years:
        return False
    return today <= after_years(_day(age.last_accessed_at), rules.access_keeps_hot_years)


def _day(instant: datetime) -> date:
    return instant.astimezone(CHINA).date()
