"""The folder changes in one step, or not at all."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import ModuleType

import pytest

from server.assets import builder, folder
from server.assets.builder import build
from server.assets.catalog import MANIFEST_VERSION, AssetCatalog, AssetsMissingError, read_manifest
from server.assets.folder import commit, first_fault, write_files
from tests.assets.conftest import quiet

OLD = {"page.js": b"old " * 100, "codecs/x.wasm": b"\0asm" * 50}
NEW = {"page.js": b"new " * 100, "codecs/x.wasm": b"\0asm" * 50}


def put(home: Path, files: dict[str, bytes]) -> None:
    entries = write_files(home / "assets", home / "cache", files)
    commit(home / "assets", {"version": MANIFEST_VERSION, "files": entries})


def content(home: Path, name: str) -> bytes:
    return AssetCatalog(home / "assets").find(name).path.read_bytes()


def test_content_decides_the_name(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    before = AssetCatalog(tmp_path / "assets").url("page.js")
    put(tmp_path, NEW)
    after = AssetCatalog(tmp_path / "assets")
    assert after.url("page.js") != before
    assert after.find("page.js").path.read_bytes() == NEW["page.js"]


def test_pyodides_parts_stay_beside_each_other(tmp_path: Path) -> None:
    put(tmp_path, {"pyodide/pyodide.mjs": b"a", "pyodide/pyodide.asm.wasm": b"b"})
    catalog = AssetCatalog(tmp_path / "assets")
    loader, wasm = (catalog.url(f"pyodide/pyodide.{kind}") for kind in ("mjs", "asm.wasm"))
    assert loader.rpartition("/")[0] == wasm.rpartition("/")[0]
    put(tmp_path, {"pyodide/pyodide.mjs": b"a", "pyodide/pyodide.asm.wasm": b"c"})
    assert AssetCatalog(tmp_path / "assets").url("pyodide/pyodide.mjs") != loader


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (folder, "compress_all"),
        (folder, "_write"),
        (builder, "with_bundle"),
        (builder, "commit"),
    ],
)
def test_interrupted_build_leaves_the_old_assets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, step: str
) -> None:
    put(tmp_path, OLD)

    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(builder, "_outside_files", lambda *_arguments: NEW)
    monkeypatch.setattr(builder, "with_bundle", lambda manifest, *_arguments: manifest)
    monkeypatch.setattr(module, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "assets", tmp_path / "cache")
    monkeypatch.undo()
    assert content(tmp_path, "page.js") == OLD["page.js"]
    assert first_fault(tmp_path / "assets", read_manifest(tmp_path / "assets")) is None


def test_kill_while_a_file_is_written_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, OLD)

    def dies(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", dies)
    with pytest.raises(KeyboardInterrupt):
        put(tmp_path, NEW)
    assert content(tmp_path, "page.js") == OLD["page.js"]
    assert not list((tmp_path / "assets").glob(".new-*"))


@pytest.mark.parametrize("suffix", ["", ".br", ".gz"])
def test_damage_is_found_and_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr(builder, "_outside_files", lambda *_arguments: OLD)
    monkeypatch.setattr(builder, "with_bundle", lambda manifest, *_arguments: manifest)
    monkeypatch.setattr(AssetCatalog, "runtime_transfer_bytes", lambda _self: 0)
    home = (tmp_path / "assets", tmp_path / "cache")
    assert build(*home, quiet).rebuilt
    assert not build(*home, quiet).rebuilt
    damaged = Path(f"{AssetCatalog(home[0]).find('page.js').path}{suffix}")
    good = damaged.read_bytes()
    damaged.write_bytes(good[:-1] + b"?")
    assert first_fault(home[0], read_manifest(home[0])) == damaged.name
    assert build(*home, quiet).rebuilt
    assert damaged.read_bytes() == good


def test_compressed_cache_that_was_damaged_is_not_served(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    for cached in (tmp_path / "cache" / "compressed").iterdir():
        cached.write_bytes(b"damaged")
    put(tmp_path, OLD)
    assert first_fault(tmp_path / "assets", read_manifest(tmp_path / "assets")) is None


def test_files_of_before_go_after_a_day(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    old = AssetCatalog(tmp_path / "assets").find("page.js").path
    put(tmp_path, NEW)
    assert old.exists()  # a page opened before may still ask for it
    two_days_ago = time.time() - 2 * 24 * 3600
    for path in (tmp_path / "assets").rglob("*"):
        os.utime(path, (two_days_ago, two_days_ago))
    put(tmp_path, NEW)
    assert not old.exists()
    assert content(tmp_path, "page.js") == NEW["page.js"]


def test_catalog_serves_what_the_manifest_names_and_nothing_else(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "assets" / "stray.js").write_text("stray")
    catalog = AssetCatalog(tmp_path / "assets")
    path = catalog.url("codecs/x.wasm").removeprefix("/assets/")
    found = catalog.resolve(path)
    assert found is not None
    assert found.media_type == "application/wasm"
    for outside in (
        "../secret.txt",
        "codecs/../../secret.txt",
        str(tmp_path / "secret.txt"),
        "assets.json",
        ".lock",
        "stray.js",
        f"{path}.br",
        f"./{path}",
        "",
    ):
        assert catalog.resolve(outside) is None


def test_smallest_accepted_coding_is_chosen(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    file = AssetCatalog(tmp_path / "assets").find("page.js")
    assert file.variant({"gzip", "br"})[1] == min(file.encodings, key=lambda name: file.sizes[name])
    assert file.variant({"gzip"}) == (Path(f"{file.path}.gz"), "gzip")
    assert file.variant({"zstd"}) == (file.path, None)


def test_missing_assets_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissingError, match="yingyun assets"):
        AssetCatalog(tmp_path)
    put(tmp_path, OLD)
    with pytest.raises(AssetsMissingError, match=r"other\.js"):
        AssetCatalog(tmp_path / "assets").url("other.js")
