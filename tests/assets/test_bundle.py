"""`viewer_py` for the browser follows its sources."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from server.assets import AssetError, build_viewer_bundle
from server.assets.catalog import (
    BUNDLE_NAME,
    VIEWER_SNAPSHOT,
    AssetCatalog,
    AssetsMissingError,
)


@pytest.fixture
def assets(built_assets: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built_assets, tmp_path / "assets"))


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "viewer_py"
    folder.mkdir()
    (folder / "__init__.py").write_text("ANSWER = 41\n")
    (folder / "browser").mkdir()
    (folder / "browser" / "__init__.py").write_text("")
    (folder / "browser" / "worker.py").write_text("from viewer_py import ANSWER\n")
    return folder


def test_bundle_is_rebuilt_when_a_source_changes(
    assets: Path, sources: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    assert build_viewer_bundle(assets, cache, sources)
    first = AssetCatalog(assets)
    assert not build_viewer_bundle(assets, cache, sources)
    (sources / "__init__.py").write_text("ANSWER = 42\n")
    assert build_viewer_bundle(assets, cache, sources)
    second = AssetCatalog(assets)
    for name in (BUNDLE_NAME, VIEWER_SNAPSHOT):
        assert second.url(name) != first.url(name)
    (sources / "more.py").write_text("MORE = 1\n")
    assert build_viewer_bundle(assets, cache, sources)


def test_source_that_does_not_compile_keeps_the_bundle_of_before(
    assets: Path, sources: Path, tmp_path: Path
) -> None:
    before = AssetCatalog(assets).url(BUNDLE_NAME)
    (sources / "__init__.py").write_text("def broken(:\n")
    with pytest.raises(AssetError, match="SyntaxError"):
        build_viewer_bundle(assets, tmp_path / "cache", sources)
    assert AssetCatalog(assets).url(BUNDLE_NAME) == before


def test_viewer_that_does_not_import_keeps_the_bundle_of_before(
    assets: Path, sources: Path, tmp_path: Path
) -> None:
    before = AssetCatalog(assets).url(VIEWER_SNAPSHOT)
    (sources / "browser" / "worker.py").write_text("import numpy.nothing\n")
    with pytest.raises(AssetError, match="No module named"):
        build_viewer_bundle(assets, tmp_path / "cache", sources)
    assert AssetCatalog(assets).url(VIEWER_SNAPSHOT) == before


def test_same_sources_give_the_same_snapshot(assets: Path, sources: Path, tmp_path: Path) -> None:
    names = []
    for folder in ("one", "two"):
        copied = Path(shutil.copytree(assets, tmp_path / folder))
        build_viewer_bundle(copied, tmp_path / "cache", sources)
        names.append(AssetCatalog(copied).url(VIEWER_SNAPSHOT))
    assert names[0] == names[1]


def test_bundle_needs_the_runtime(sources: Path, tmp_path: Path) -> None:
    with pytest.raises(AssetsMissingError, match="yingyun assets"):
        build_viewer_bundle(tmp_path / "empty", tmp_path / "cache", sources)
