"""The four tables of lines row by row and between them; room and costs of keeping."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest

from server.centre import bandwidth, capacity, retention_costs
from server.centre.bandwidth import Row
from server.centre.retention_costs import Plan, Prices
from tests.centre.conftest import Console

# As the regulation prints them (000-B 七), highest first, typed a second time.
PRINTED = {
    "PROVINCE": "100000:4200 80000:3300 50000:2100 30000:1200 10000:400 5000:200 2000:100",
    "UPLINK": "1000:900 800:700 500:450 300:250 200:200 100:100 50:50",
    "DOWNLINK": "60000:2500 50000:2100 30000:1200 10000:400 5000:200 2000:100 1000:50 500:20",
    "INTERNET": "100000:2100 80000:1650 50000:1050 30000:600 10000:200 5000:100",
}


def table(name: str) -> tuple[Row, ...]:
    found: tuple[Row, ...] = getattr(bandwidth, name)
    return found


@pytest.mark.requirement("K-01", "K-03", "K-04", "K-06")
@pytest.mark.parametrize("name", PRINTED)
def test_each_row_needs_what_is_printed(name: str) -> None:
    rows = [tuple(int(part) for part in one.split(":")) for one in PRINTED[name].split()]
    assert len(rows) == len(table(name))
    for load, mbps in rows:
        assert bandwidth.needed(table(name), load) == mbps


@pytest.mark.requirement("K-07")
@pytest.mark.parametrize("name", PRINTED)
def test_between_rows_the_need_is_proportional_and_never_falls(name: str) -> None:
    rows = table(name)
    for (low, less), (high, more) in itertools.pairwise(rows):
        middle = bandwidth.needed(rows, (low + high) / 2)
        assert 0 <= middle - (less + more) / 2 < 1
    top = rows[-1][0]
    needs = [bandwidth.needed(rows, top * step / 300) for step in range(601)]
    assert needs == sorted(needs)
    assert needs[0] == 0
    assert needs[600] == 2 * rows[-1][1]


@pytest.mark.requirement("K-01", "K-02", "K-05")
def test_the_higher_way_counts_and_two_lines_above_twenty_thousand() -> None:
    assert bandwidth.province_line(50_000, 10).mbps == 2100
    assert bandwidth.province_line(10, 100_000).mbps == 4200
    assert not bandwidth.province_line(20_000, 20_000).redundant
    assert bandwidth.province_line(3, 20_001).redundant
    line = bandwidth.institution_line(100, 10_000)
    assert (line.up_mbps, line.down_mbps, line.mbps) == (100, 400, 400)
    assert bandwidth.institution_line(1000, 500).mbps == 900


@pytest.mark.requirement("K-10")
def test_the_forecast_says_when_the_water_line_is_passed() -> None:
    today = date(2026, 1, 1)
    steady = capacity.forecast(600, 1000, 1.0, today)
    assert steady.line_on == today + timedelta(days=101)  # the first day above 700
    assert steady.usable[1] == round((600 + 365) / 0.7)
    assert steady.usable[5] == round((600 + 5 * 365) / 0.7)
    growing = capacity.forecast(600, 1000, 1.0, today, yearly_growth=1.0)
    assert growing.usable[3] == round((600 + 365 * (1 + 2 + 4)) / 0.7)
    assert capacity.forecast(600, 1000, 0.0, today).line_on is None
    assert capacity.forecast(701, 1000, 0.0, today).line_on == today


@pytest.mark.requirement("K-14")
def test_keeping_fifteen_and_thirty_years_costs_what_it_adds_up_to() -> None:
    costs = retention_costs.tiers(Plan(100, 0.25, 3, 2), Prices(2.0, 1.0, 0.5))
    held = {one.tier: one.gigabytes for one in costs}
    # 75 outpatient GB a year for 15 years, 25 inpatient for 30
    assert held == {"hot": 300, "warm": 200, "cold": 75 * 10 + 25 * 25}
    assert sum(held.values()) == 75 * 15 + 25 * 30
    assert [one.yearly_cost for one in costs] == [600, 200, 687.5]


@pytest.mark.requirement("K-05", "K-14")
def test_the_page_calculates(console: Console) -> None:
    query = "patients_in=20001&patients_out=50000&gigabytes=1000&visits=500&exams=30000"
    page = console["administrator"].get(f"/admin/calculators?{query}").get_data(as_text=True)
    for words in ("2100 Mbps", "900 Mbps", "600 Mbps", "须主备双线路", "上行 900，下行 20"):
        assert words in page
    assert console["supervisor"].get("/admin/calculators?visits=x").status_code == 200
