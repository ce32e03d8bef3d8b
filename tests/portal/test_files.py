"""Static files and assets: kept for long, compressed, and never from outside their folder."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import brotli
import pytest
from flask import Flask

from portal.app import create_app
from portal.static_files import icon, static_url, style_url
from portal.style_sheets import SETS
from server.cloud import ImageCloud

SCRIPT = b"export const answer = 42;\n" * 40


@pytest.fixture
def with_assets(cloud: ImageCloud, tmp_path: Path) -> Flask:
    """A portal with two assets, as `yingyun assets` would leave them."""
    folder = tmp_path / "assets"
    folder.mkdir()
    files = {}
    for name, data, codings in (
        ("htmx.min.js", SCRIPT, {"br": brotli.compress(SCRIPT), "gzip": gzip.compress(SCRIPT)}),
        ("icons.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", {}),
    ):
        stem, _, suffix = name.rpartition(".")
        stored = f"{stem}-0123456789ab.{suffix}"
        (folder / stored).write_bytes(data)
        for coding, packed in codings.items():
            ending = {"br": "br", "gzip": "gz"}[coding]
            (folder / f"{stored}.{ending}").write_bytes(packed)
        files[name] = {
            "file": stored,
            "size": len(data),
            "sha256": "0" * 64,
            "encodings": {coding: {"size": len(packed)} for coding, packed in codings.items()},
        }
    (folder / "assets.json").write_text(json.dumps({"version": 1, "files": files}))
    (folder / "private.txt").write_text("not in the manifest")
    settings = replace(cloud.settings, assets_dir=folder)
    return create_app(replace(cloud, settings=settings))


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("br, gzip", "br"), ("gzip", "gzip"), ("", None), ("br;q=0, gzip", "gzip")],
)
def test_assets_come_in_the_best_coding(
    with_assets: Flask, accepted: str, coding: str | None
) -> None:
    client = with_assets.test_client()
    url = "/assets/htmx.min-0123456789ab.js"
    answer = client.get(url, headers={"Accept-Encoding": accepted})
    assert answer.status_code == 200
    assert answer.headers.get("Content-Encoding") == coding
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[coding]
    assert unpack(answer.data) == SCRIPT
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert answer.content_type == "text/javascript; charset=utf-8"


def test_codings_have_tags_of_their_own(with_assets: Flask) -> None:
    client = with_assets.test_client()
    url = "/assets/htmx.min-0123456789ab.js"
    tags = {
        client.get(url, headers={"Accept-Encoding": coding}).headers["ETag"]
        for coding in ("br", "gzip", "identity")
    }
    assert len(tags) == 3
    again = client.get(url, headers={"Accept-Encoding": "br", "If-None-Match": sorted(tags)[0]})
    assert again.status_code in {200, 304}


@pytest.mark.parametrize(
    "path",
    [
        "/assets/private.txt",
        "/assets/assets.json",
        "/assets/../home/yingyun.db",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/static/../pyproject.toml",
        "/static/%2e%2e/pyproject.toml",
        "/static//etc/passwd",
        "/static/css",
        "/static/css/nothing.css",
    ],
)
def test_nothing_else_is_served(with_assets: Flask, path: str) -> None:
    assert with_assets.test_client().get(path, follow_redirects=True).status_code == 404


def test_our_own_files_may_be_kept_while_their_hash_holds(app: Flask) -> None:
    client = app.test_client()
    with app.test_request_context():
        url = static_url("css/base.css")
    kept = client.get(url, headers={"Accept-Encoding": "br"})
    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert kept.headers["Content-Encoding"] == "br"
    assert b"--target" in brotli.decompress(
        client.get(url.replace("base.css", "tokens.css"), headers={"Accept-Encoding": "br"}).data
    )
    plain = client.get("/static/css/base.css")
    assert plain.content_type == kept.content_type == "text/css; charset=utf-8"
    assert plain.headers["Cache-Control"] == "public, no-cache"
    assert plain.data == brotli.decompress(kept.data)
    older = client.get("/static/v-0000000000000000/css/base.css")
    assert older.headers["Cache-Control"] == "public, no-cache"
    tag = plain.headers["ETag"]
    same = client.get("/static/css/base.css", headers={"If-None-Match": tag})
    assert same.status_code == 304


def test_files_need_neither_cookie_nor_session(with_assets: Flask) -> None:
    for address in ("/assets/htmx.min-0123456789ab.js", "/static/css/base.css"):
        for entry in ("", "?entry=qr"):
            answer = with_assets.test_client().get(address + entry)
            assert "Set-Cookie" not in answer.headers
            assert "Cookie" not in answer.headers["Vary"]


@pytest.mark.requirement("A-51")
def test_pages_are_whole_without_assets(app: Flask) -> None:
    page = app.test_client().get("/login").get_data(as_text=True)
    assert "/assets/" not in page
    assert 'name="password"' in page


def test_icons_come_from_the_sprite(with_assets: Flask) -> None:
    with with_assets.test_request_context():
        assert "/assets/icons-0123456789ab.svg#share" in icon("share")
        assert 'aria-hidden="true"' in icon("share")
        assert 'aria-label="&lt;b&gt;"' in icon("share", "<b>")
        with pytest.raises(KeyError):
            icon("no-such-icon")


@pytest.mark.parametrize("name", sorted(SETS))
@pytest.mark.parametrize("accepted", ["br", ""])
def test_a_set_of_style_sheets_is_all_of_them_in_their_order(
    with_assets: Flask, name: str, accepted: str
) -> None:
    with with_assets.test_request_context():
        url = style_url(name)
    answer = with_assets.test_client().get(url, headers={"Accept-Encoding": accepted})
    text = brotli.decompress(answer.data) if accepted else answer.data
    folder = Path(with_assets.root_path).parent / "static" / "css"
    assert text == b"\n".join((folder / f"{one}.css").read_bytes() for one in SETS[name])
    assert answer.content_type.startswith("text/css")
    assert "immutable" in answer.headers["Cache-Control"]
    unknown = url.replace(f"set-{name}", "set-other")
    assert with_assets.test_client().get(unknown).status_code == 404
