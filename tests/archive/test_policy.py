"""Tiers and retention at their edges, by both profiles."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from server.archive.policy import StudyAge, after_years, profile, retain_until, tier_of
from server.model import EncounterClass, Tier

NATIONAL, CHONGQING = profile("national"), profile("chongqing")
# Noon in China; no leap day in the year that follows.
DONE = datetime(2021, 3, 2, 4, tzinfo=UTC)
HOT, WARM, COLD = Tier.HOT, Tier.WARM, Tier.COLD
INPATIENT, OUTPATIENT, EMERGENCY = (
    EncounterClass.INPATIENT,
    EncounterClass.OUTPATIENT,
    EncounterClass.EMERGENCY,
)


def aged(days: int, **facts: datetime) -> tuple[StudyAge, datetime]:
    return StudyAge(DONE, DONE, **facts), DONE + timedelta(days=days)  # type: ignore[arg-type]


@pytest.mark.requirement("D-32")
@pytest.mark.parametrize(
    ("days", "tier"),
    [(0, HOT), (364, HOT), (365, HOT), (366, WARM), (1095, WARM), (1096, WARM), (1097, COLD)],
)
def test_national_tiers(days: int, tier: Tier) -> None:
    """Three years from 2 March 2021 are 1096 days: 29 February 2024 lies between."""
    assert tier_of(NATIONAL, *aged(days)) is tier


@pytest.mark.requirement("D-32")
@pytest.mark.parametrize(
    ("days", "tier"), [(364, HOT), (365, HOT), (366, COLD), (1096, COLD), (1097, COLD)]
)
def test_chongqing_tiers(days: int, tier: Tier) -> None:
    assert tier_of(CHONGQING, *aged(days)) is tier


@pytest.mark.requirement("D-32")
def test_a_year_with_a_leap_day_has_366_days() -> None:
    age = StudyAge(datetime(2023, 3, 2, 4, tzinfo=UTC), DONE)
    assert tier_of(NATIONAL, age, datetime(2024, 3, 2, 4, tzinfo=UTC)) is HOT
    assert tier_of(NATIONAL, age, datetime(2024, 3, 3, 4, tzinfo=UTC)) is WARM


@pytest.mark.requirement("D-43")
@pytest.mark.parametrize(("since_access", "tier"), [(364, HOT), (365, HOT), (366, COLD)])
def test_an_access_resets_the_clock_in_chongqing_alone(since_access: int, tier: Tier) -> None:
    accessed = DONE + timedelta(days=3000)
    age, now = aged(3000 + since_access, last_accessed_at=accessed)
    assert tier_of(CHONGQING, age, now) is tier
    assert tier_of(NATIONAL, age, now) is COLD


@pytest.mark.requirement("D-44")
def test_what_was_recalled_stays_at_hand() -> None:
    age, now = aged(4000, hot_until=DONE + timedelta(days=4001))
    assert tier_of(NATIONAL, age, now) is HOT
    assert tier_of(NATIONAL, age, now + timedelta(days=1)) is COLD


def test_days_are_those_of_china() -> None:
    """23:30 in China on the anniversary is still the anniversary; half an hour later is not."""
    age = StudyAge(datetime(2021, 3, 1, 16, 30, tzinfo=UTC), DONE)
    assert tier_of(NATIONAL, age, datetime(2022, 3, 2, 15, 30, tzinfo=UTC)) is HOT
    assert tier_of(NATIONAL, age, datetime(2022, 3, 2, 16, 0, tzinfo=UTC)) is WARM


@pytest.mark.requirement("D-31")
@pytest.mark.parametrize("rules", [NATIONAL, CHONGQING])
@pytest.mark.parametrize(
    ("kind", "completed", "end"),
    [
        (OUTPATIENT, (2024, 2, 29), date(2039, 3, 1)),
        (EMERGENCY, (2024, 2, 28), date(2039, 2, 28)),
        (INPATIENT, (2024, 2, 29), date(2054, 3, 1)),
        (INPATIENT, (2020, 2, 29), date(2050, 3, 1)),
        (OUTPATIENT, (2025, 10, 15), date(2040, 10, 15)),
        (EncounterClass.UNKNOWN, (2025, 10, 15), date(2055, 10, 15)),
    ],
)
def test_retention(
    rules: object, kind: EncounterClass, completed: tuple[int, int, int], end: date
) -> None:
    done = datetime(*completed, 4, tzinfo=UTC)
    assert retain_until(rules, StudyAge(done, done, kind)) == end  # type: ignore[arg-type]


@pytest.mark.requirement("D-31")
def test_the_later_of_completion_and_arrival_counts() -> None:
    """An old outpatient study that arrives late is kept 15 years from its arrival (X-11)."""
    done, came = datetime(2010, 5, 1, 4, tzinfo=UTC), datetime(2024, 2, 29, 4, tzinfo=UTC)
    assert retain_until(NATIONAL, StudyAge(done, came, OUTPATIENT)) == date(2039, 3, 1)
    assert retain_until(NATIONAL, StudyAge(done, came, INPATIENT)) == date(2040, 5, 1)


def test_no_anniversary_is_a_day_short() -> None:
    assert after_years(date(2024, 2, 29), 4) == date(2028, 2, 29)
    assert after_years(date(2024, 2, 29), 1) == date(2025, 3, 1)
