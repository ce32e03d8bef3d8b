"""The service worker's script and the page it shows: public, and the same for everyone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from portal.app import create_app
from portal.service_worker import service_worker
from server.cloud import ImageCloud
from tests.factories import SignInFacts
from tests.visitor import Visitor


def test_script_lies_at_the_root_and_is_asked_for_anew(app: Flask) -> None:
    answer = app.test_client().get("/service-worker.js?v=0")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/javascript")
    assert answer.headers["Cache-Control"] == "public, no-cache"
    assert "connect-src 'self'" in answer.headers["Content-Security-Policy"]


def test_page_without_a_network_is_the_same_for_everyone(
    app: Flask, cloud: ImageCloud, patient: SignInFacts
) -> None:
    stranger = app.test_client().get("/offline")
    person = Visitor(app).be(cloud, patient).get("/offline")
    assert stranger.data == person.data
    words = stranger.get_data(as_text=True)
    assert "没有网络" in words and "There is no network" in words
    assert "csrf" not in words and "Set-Cookie" not in stranger.headers


@pytest.mark.parametrize("page", ["/offline", "/service-worker.js"])
def test_nothing_isolates_the_page(app: Flask, page: str) -> None:
    headers = app.test_client().get(page).headers
    assert "Cross-Origin-Opener-Policy" not in headers
    assert "Cross-Origin-Embedder-Policy" not in headers


def test_other_files_are_another_version(cloud: ImageCloud, tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        entry = {"file": f"{name}.js", "size": 1, "sha256": "0" * 64, "encodings": {}}
        manifest = {"version": 1, "files": {"a.js": entry}}
        (tmp_path / "assets.json").write_text(json.dumps(manifest))
        app = create_app(replace(cloud, settings=replace(cloud.settings, assets_dir=tmp_path)))
        with app.test_request_context():
            found.append(service_worker())
    assert found[0] != found[1]
    for one in found:
        assert one["url"].removeprefix("/service-worker.js?v=") == one["cache"].rpartition("-")[2]
