"""Tens of thousands of hostile inputs: no crash, no hang over 5 s, no memory over 1 GB.

`make test` judges a few hundred, always the same ones; `make test-long` more than 20 000. What
once failed is kept in `cases` and judged for ever.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz import pool
from tests.fuzz.guard import guarded
from tests.fuzz.sources import SOURCES

CASES = sorted((Path(__file__).parent / "cases").glob("*.bin"))

SHORT = {"wheel": 300, "datasets": 300, "series": 100, "manifests": 200, "sessions": 25}
LONG = {"files": 15_000, "datasets": 10_000, "series": 1_500, "manifests": 2_500, "sessions": 400}
CLOUD = {"deliveries": 40}  # of 20 files each, through database and object store


@pytest.mark.parametrize("source", SHORT)
def test_a_few_hundred_hostile_inputs_are_drawn_or_refused_by_name(source: str) -> None:
    report = pool.judge(source, 0, SHORT[source], block=SHORT[source])
    assert report.judged == SHORT[source]
    assert not report.failures, report.text()


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("source", LONG | CLOUD)
def test_tens_of_thousands_of_hostile_inputs_are_drawn_or_refused_by_name(source: str) -> None:
    count = (LONG | CLOUD)[source]
    report = pool.judge(source, 100_000, count)
    print(report.text())  # noqa: T201 - the figures that the run is made for
    assert report.judged == count
    assert not report.failures, report.text()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_once_failed_does_not_fail_again(path: Path) -> None:
    """A case is named "source-what happened"; "…-refused_reason" when it must be refused so."""
    source, _, what = path.stem.partition("-")
    outcome = guarded(SOURCES[source].judge, path.read_bytes())
    assert not outcome.startswith("FAILED"), outcome
    if "-refused_" in what:
        assert outcome == f"refused {what.rpartition('-refused_')[2]}"
