"""The provider, once for all tests here, and a portal that knows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from portal.app import create_app
from server.cloud import ImageCloud
from server.settings import Settings
from tests.identity.provider import (
    CANAILLE,
    CLIENT_ID,
    CLIENT_SECRET,
    Provider,
    running_provider,
)
from tests.visitor import Visitor

BASE_URL = "http://127.0.0.1:8000"
ID_NUMBER = "110105199003074579"


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """A running Canaille; `make test` installs it."""
    if not CANAILLE.exists():
        pytest.skip("the identity provider is not installed: make identity-provider")
    with running_provider(tmp_path_factory.mktemp("canaille")) as running:
        names = ("national", "trusted", "nameless")
        running.add_client(*(f"{BASE_URL}/login/with/{name}/done" for name in names))
        running.add_user("zhang", formatted_name="张诗帆", id_number=ID_NUMBER)
        running.add_user("nobody", formatted_name="无名")
        yield running


@pytest.fixture
def cloud(
    provider: Provider, settings: Settings, open_test_cloud: Callable[[Settings], ImageCloud]
) -> ImageCloud:
    """An image cloud with three providers: one asks for our code, one for its own, one is mute."""
    folder = settings.home
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "client.secret").write_text(CLIENT_SECRET)
    common = {
        "issuer": provider.issuer,
        "client_secret_file": "client.secret",
        "scope": "openid profile phone",
    }
    number = {"id_number_claim": "preferred_username"}
    rows = [
        {"name": "national", "label": "医保码", "label_en": "Insurance code", **number},
        {"name": "trusted", "label": "渝快办", "label_en": "Yukuaiban", **number,
         "second_factor": "provider", "entry_kind": "national_platform"},
        {"name": "nameless", "label": "医院账号", "label_en": "Hospital account"},
    ]  # fmt: skip
    file = folder / "providers.json"
    rows = [{**row, **common, "client_id": CLIENT_ID} for row in rows]
    file.write_text(json.dumps(rows))
    return open_test_cloud(replace(settings, identity_providers_file=file, base_url=BASE_URL))


@pytest.fixture
def visitor(cloud: ImageCloud) -> Visitor:
    """A browser in front of that portal, at the address where the provider sends it back."""
    return Visitor(create_app(cloud), BASE_URL)
