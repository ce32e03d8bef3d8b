"""A country of two provinces, served over HTTP within the test's own process."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from server import settings as settings_module
from server.cloud import ImageCloud, open_cloud
from server.settings import Settings
from tests.provinces.caching_case import Hospital, make_hospital
from tests.provinces.case import Country, OpenCloud, running_country


@pytest.fixture
def country(settings: Settings, open_test_cloud: OpenCloud, tmp_path: Path) -> Iterator[Country]:
    """East, west and the index module, each knowing the others, with the same patient."""
    with running_country(tmp_path, settings, open_test_cloud) as made:
        made.east.make_patient()
        made.west.make_patient()
        yield made


@pytest.fixture(scope="module")
def hospital(
    migrated_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hospital]:
    """A hospital in a country of two provinces; searches wait until a test does them."""
    folder = tmp_path_factory.mktemp("caching")
    loaded = settings_module.load({"YINGYUN_HOME": str(folder / "home")})

    def open_it(chosen: Settings) -> ImageCloud:
        chosen.home.mkdir(parents=True, exist_ok=True)
        shutil.copy(migrated_database, chosen.home / "yingyun.db")
        return open_cloud(chosen, immediate=True)

    with running_country(folder, replace(loaded, development=True), open_it) as country:
        made = make_hospital(country, folder)
        made.east.cloud.jobs.search_history = made.searches.append  # type: ignore[method-assign]
        yield made
