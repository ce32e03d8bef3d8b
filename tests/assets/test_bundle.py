"""`viewer_py` for the browser follows its sources."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from server.assets import AssetError, build_viewer_bundle
from server.assets.catalog import BUNDLE_NAME, AssetCatalog, AssetsMissingError


@pytest.fixture
def assets(built_assets: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built_assets, tmp_path / "assets"))


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "viewer_py"
    folder.mkdir()
    (folder / "__init__.py").write_text("ANSWER = 41\n")
    return folder


def test_bundle_is_rebuilt_when_a_source_changes(
    assets: Path, sources: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    assert build_viewer_bundle(assets, cache, sources)
    first = AssetCatalog(assets).url(BUNDLE_NAME)
    assert not build_viewer_bundle(assets, cache, sources)
    (sources / "__init__.py").write_text("ANSWER = 42\n")
    assert build_viewer_bundle(assets, cache, sources)
    assert AssetCatalog(assets).url(BUNDLE_NAME) != first
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


def test_bundle_needs_the_runtime(sources: Path, tmp_path: Path) -> None:
    with pytest.raises(AssetsMissingError, match="yingyun assets"):
        build_viewer_bundle(tmp_path / "empty", tmp_path / "cache", sources)
