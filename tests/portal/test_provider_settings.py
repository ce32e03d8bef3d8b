"""What the file of providers may hold, and what a provider that is away means."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portal.app import create_app
from server.cloud import ImageCloud
from server.identity_providers import ProvidersFileError, SecondFactor, load_providers
from server.settings import Settings
from tests.visitor import Visitor

ROW: dict[str, Any] = {
    "name": "national",
    "label": "医保码",
    "label_en": "Insurance code",
    "issuer": "https://id.example.org",
    "client_id": "yingyun",
    "client_secret_file": "secret",
}


def written(folder: Path, *rows: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "secret").write_text("s3cret\n")
    file = folder / "providers.json"
    file.write_text(json.dumps(rows))
    return file


def test_no_file_means_no_provider(visitor: Visitor) -> None:
    assert load_providers(None) == ()
    visitor.get("/login")
    assert "其他登录方式" not in visitor.text
    assert visitor.get("/login/with/national").status_code == 404


def test_a_provider_is_read_with_its_secret(tmp_path: Path) -> None:
    (one,) = load_providers(written(tmp_path, ROW))
    assert one.client_secret == "s3cret"
    assert one.second_factor is SecondFactor.OURS
    assert one.metadata_url == "https://id.example.org/.well-known/openid-configuration"


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Not A Name"},
        {"issuer": "http://id.example.org"},
        {"client_secret_file": "absent"},
        {"client_secret_file": None},
        {"second_factor": "nobody"},
        {"unknown": 1},
    ],
)
def test_a_row_that_cannot_be_is_named(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(ProvidersFileError, match=r"providers\.json"):
        load_providers(written(tmp_path, ROW | change))


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProvidersFileError, match="one name"):
        load_providers(written(tmp_path, ROW, ROW))


def test_a_provider_that_is_away_is_said_in_words(
    settings: Settings, open_test_cloud: Callable[[Settings], ImageCloud], tmp_path: Path
) -> None:
    file = written(tmp_path / "providers", ROW | {"issuer": "http://127.0.0.1:9"})
    cloud = open_test_cloud(replace(settings, identity_providers_file=file))
    visitor = Visitor(create_app(cloud))
    visitor.get("/login/with/national")
    assert visitor.path == "/login" and "登录服务暂时无法连接" in visitor.text
