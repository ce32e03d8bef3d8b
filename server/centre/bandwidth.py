"""Lines and their minimum bandwidth: tables 1 to 4 of 000-B 七 (K-01 … K-07).

The tables are data. Between two rows the need is proportional, by the straight line through them;
below the lowest row by the line through it and nothing; above the highest the highest rate goes
on in proportion. So the need never falls when the load grows (K-07: the method is ours to choose).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Row = tuple[int, int]  # load, Mbit/s

# 表1: province's dedicated line, by the higher of daily patients moving in or out
PROVINCE: tuple[Row, ...] = (
    (2_000, 100), (5_000, 200), (10_000, 400), (30_000, 1_200), (50_000, 2_100), (80_000, 3_300),
    (100_000, 4_200),
)  # fmt: skip
# 表2: institution's uplink, by daily image volume in GB
UPLINK: tuple[Row, ...] = (
    (50, 50), (100, 100), (200, 200), (300, 250), (500, 450), (800, 700), (1_000, 900),
)  # fmt: skip
# 表3: institution's downlink, by daily visits
DOWNLINK: tuple[Row, ...] = (
    (500, 20), (1_000, 50), (2_000, 100), (5_000, 200), (10_000, 400), (30_000, 1_200),
    (50_000, 2_100), (60_000, 2_500),
)  # fmt: skip
# 表4: internet line, by daily exams
INTERNET: tuple[Row, ...] = (
    (5_000, 100), (10_000, 200), (30_000, 600), (50_000, 1_050), (80_000, 1_650), (100_000, 2_100),
)  # fmt: skip
REDUNDANT_ABOVE = 20_000  # 2万人次, strictly more (K-02)


def needed(table: tuple[Row, ...], load: float) -> int:
    """Return the bandwidth that a load needs at least, in Mbit/s, rounded up (K-07)."""
    if load <= 0:
        return 0
    before: tuple[float, float] = (0.0, 0.0)
    for row in table:
        if load <= row[0]:
            part = (load - before[0]) / (row[0] - before[0])
            return math.ceil(before[1] + part * (row[1] - before[1]) - 1e-9)
        before = row
    last_load, last_rate = table[-1]
    return math.ceil(last_rate * load / last_load - 1e-9)


@dataclass(frozen=True)
class ProvinceLine:
    """A province's dedicated line."""

    mbps: int
    redundant: bool


def province_line(daily_in: int, daily_out: int) -> ProvinceLine:
    """Return what daily patients from and to other provinces need (K-01, K-02)."""
    load = max(daily_in, daily_out)
    return ProvinceLine(needed(PROVINCE, load), load > REDUNDANT_ABOVE)


@dataclass(frozen=True)
class InstitutionLine:
    """An institution's line: both directions, and what to rent, the higher of the two (K-05)."""

    up_mbps: int
    down_mbps: int

    @property
    def mbps(self) -> int:
        """The bandwidth of the line."""
        return max(self.up_mbps, self.down_mbps)


def institution_line(daily_gigabytes: float, daily_visits: int) -> InstitutionLine:
    """Return what an institution's line needs (K-03, K-04, K-05)."""
    return InstitutionLine(needed(UPLINK, daily_gigabytes), needed(DOWNLINK, daily_visits))


def internet_line(daily_exams: int) -> int:
    """Return what the line to the internet needs, in Mbit/s (K-06)."""
    return needed(INTERNET, daily_exams)
