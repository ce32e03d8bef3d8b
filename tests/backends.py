"""The two ways of running: SQLite with folders, PostgreSQL with S3; the same tests for both."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from server import settings as settings_module
from server.cloud import ImageCloud, open_cloud, upgrade_database
from tests import postgresql, s3

EMBEDDED, OUTGROWN = "sqlite+folder", "postgresql+s3"
_TEMPLATE = "migrated"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """A bucket of a real S3 service."""
    if not s3.is_installed():
        pytest.skip("rclone is not installed")
    with s3.running_s3() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server with one migrated database, to be copied."""
    if not postgresql.is_installed():
        pytest.skip("PostgreSQL is not installed")
    with postgresql.running_postgresql() as url:
        execute(url, f"CREATE DATABASE {_TEMPLATE}")
        home = tmp_path_factory.mktemp("postgresql")
        environ = {"YINGYUN_HOME": str(home), "YINGYUN_DATABASE_URL": named(url, _TEMPLATE)}
        upgrade_database(settings_module.load(environ))
        yield url


BOTH = pytest.mark.parametrize("backend", [EMBEDDED, OUTGROWN])


@pytest.fixture
def backend() -> str:
    """How the test's cloud runs: embedded, unless the test is marked with `BOTH`."""
    return EMBEDDED


@pytest.fixture
def open_backend(
    request: pytest.FixtureRequest,
    backend: str,
    tmp_path: Path,
    migrated_database: Path,
    store_url: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., ImageCloud]:
    """Opens an empty cloud of either kind, further settings by their variables."""

    def open_it(**environ: str) -> ImageCloud:
        home = tmp_path / "home"
        chosen = {"YINGYUN_HOME": str(home), "YINGYUN_DEVELOPMENT": "1"} | environ
        home.mkdir(exist_ok=True)
        if backend == EMBEDDED:
            shutil.copy(migrated_database, home / "yingyun.db")
        else:
            chosen |= {
                "YINGYUN_DATABASE_URL": request.getfixturevalue("new_database")(),
                "YINGYUN_OBJECT_STORE_URL": store_url("first"),
            }
        return open_cloud(settings_module.load(chosen), immediate=True)

    for name, value in s3.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return open_it


@pytest.fixture
def new_database(postgresql_template: str) -> Callable[[], str]:
    """Makes a migrated, empty PostgreSQL database; returns its URL."""

    def make() -> str:
        name = f"test_{next(_numbers)}"
        execute(postgresql_template, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return named(postgresql_template, name)

    return make


@pytest.fixture
def store_url(request: pytest.FixtureRequest, backend: str, tmp_path: Path) -> Callable[[str], str]:
    """Gives the address of a store of its own, of the kind that the test runs with."""
    number = next(_numbers)

    def make(name: str) -> str:
        if backend == OUTGROWN:
            return s3.below(request.getfixturevalue("s3_url"), f"{number}-{name}")
        return (tmp_path / name).as_uri()

    return make


def named(url: str, database: str) -> str:
    """Return the URL of another database of the same server."""
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def execute(url: str, statement: str) -> None:
    """Run a statement that must not be in a transaction."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
