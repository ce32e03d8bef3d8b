"""One small image cloud on a temporary SQLite file, its portal, and a visitor without scripts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from portal.app import create_app
from server import settings as settings_module
from server.accounts import passwords
from server.cloud import ImageCloud, open_cloud, upgrade_database
from server.settings import Settings
from tests.factories import SignInFacts, make_account
from tests.visitor import Visitor

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
CHEAP_HASH = CHEAP.hash("no account has this password")


@pytest.fixture(autouse=True)
def cheap_passwords(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the hash of a password cost next to nothing, but where `own_cost` proves what it does."""
    if "own_cost" not in request.keywords:
        monkeypatch.setattr(passwords, "_HASHER", CHEAP)
        monkeypatch.setattr(passwords, "_DUMMY_HASH", CHEAP_HASH)


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that went through all migrations, to be copied."""
    home = tmp_path_factory.mktemp("migrated")
    upgrade_database(settings_module.load({"YINGYUN_HOME": str(home)}))
    return home / "yingyun.db"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a development machine, everything below the test's own folder."""
    home = tmp_path / "home"
    loaded = settings_module.load({"YINGYUN_HOME": str(home), "YINGYUN_REGION_CODE": "500000"})
    return replace(loaded, development=True)


@pytest.fixture
def open_test_cloud(migrated_database: Path) -> Callable[[Settings], ImageCloud]:
    """Opens an image cloud whose jobs are done before the call that enqueues them returns."""

    def open_it(chosen: Settings) -> ImageCloud:
        chosen.home.mkdir(parents=True, exist_ok=True)
        shutil.copy(migrated_database, chosen.home / "yingyun.db")
        return open_cloud(chosen, immediate=True)

    return open_it


@pytest.fixture
def cloud(settings: Settings, open_test_cloud: Callable[[Settings], ImageCloud]) -> ImageCloud:
    """An open, empty image cloud."""
    return open_test_cloud(settings)


@pytest.fixture
def app(cloud: ImageCloud) -> Flask:
    """The portal of that cloud."""
    return create_app(cloud)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A bare client of the portal."""
    return app.test_client()


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """A visitor without JavaScript, signed in as nobody."""
    return Visitor(app)


@pytest.fixture
def patient(cloud: ImageCloud) -> SignInFacts:
    """Someone with an account, a phone and a given consent."""
    return make_account(cloud)
