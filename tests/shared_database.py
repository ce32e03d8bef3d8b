"""An empty database that several clients use at once: on SQLite, and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.cloud import ImageCloud
from server.model import Base
from tests.postgresql import is_installed, running_postgresql


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a database, first of the one kind, then of the other."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('shared') / 'yingyun.db'}"
        return
    if not is_installed():
        pytest.skip("PostgreSQL is not installed")
    with running_postgresql() as url:
        yield url


def emptied(cloud: ImageCloud) -> Iterator[ImageCloud]:
    """Make all tables anew, give the cloud to a test, and let go of its connections."""
    Base.metadata.drop_all(cloud.database.engine)
    Base.metadata.create_all(cloud.database.engine)
    yield cloud
    cloud.database.engine.dispose()
