"""Room for objects: water line and forecast (D-13, D-14, K-10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

WATER_LINE_PERCENT = 70  # 000-B 四(一)1
DAYS_A_YEAR = 365


@dataclass(frozen=True)
class Forecast:
    """What growth means: when the water line is passed (None: not within ten years), and the
    bytes that should be usable so that it is not passed after 1, 3 and 5 years (K-10)."""

    line_on: date | None
    usable: dict[int, int]


def forecast(
    used: int, total: int, daily: float, today: date, *, yearly_growth: float = 0.0,
    percent: int = WATER_LINE_PERCENT,
) -> Forecast:  # fmt: skip
    """Return the forecast for `daily` bytes a day, which grow by a share a year (0.2 is 20 %)."""
    line = total * percent / 100
    line_on = None
    for day in range(10 * DAYS_A_YEAR + 1):
        if total and used + added(daily, day, yearly_growth) > line:
            line_on = today + timedelta(days=day)
            break
    usable = {
        years: round((used + added(daily, years * DAYS_A_YEAR, yearly_growth)) * 100 / percent)
        for years in (1, 3, 5)
    }
    return Forecast(line_on, usable)


def added(daily: float, days: int, yearly_growth: float) -> float:
    """Return the bytes that arrive in so many days; each year brings more by its growth."""
    total, rate = 0.0, daily
    whole, rest = divmod(days, DAYS_A_YEAR)
    for _year in range(whole):
        total += rate * DAYS_A_YEAR
        rate *= 1 + yearly_growth
    return total + rate * rest
