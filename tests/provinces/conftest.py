"""A country of two provinces, served over HTTP within the test's own process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.settings import Settings
from tests.provinces.case import Country, OpenCloud, running_country


@pytest.fixture
def country(settings: Settings, open_test_cloud: OpenCloud, tmp_path: Path) -> Iterator[Country]:
    """East, west and the index module, each knowing the others, with the same patient."""
    with running_country(tmp_path, settings, open_test_cloud) as made:
        made.east.make_patient()
        made.west.make_patient()
        yield made
