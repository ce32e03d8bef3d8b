"""A country of two provinces, served over HTTP within the test's own process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from server.settings import Settings
from tests.provinces.case import (
    Country,
    OpenCloud,
    free_port,
    listening,
    open_centre,
    write_files,
)


@pytest.fixture
def country(settings: Settings, open_test_cloud: OpenCloud, tmp_path: Path) -> Iterator[Country]:
    """East, west and the index module, each knowing the others, with the same patient."""
    ports = {name: free_port() for name in ("east", "west", "index")}
    files = write_files(tmp_path, ports)
    centres = {
        name: open_centre(name, settings, files[name], ports[name], open_test_cloud)
        for name in ports
    }
    with ExitStack() as stack:
        for name, centre in centres.items():
            stack.enter_context(listening(centre.app, ports[name]))
        made = Country(**centres)
        made.east.make_patient()
        made.west.make_patient()
        yield made
