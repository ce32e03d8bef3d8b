"""`viewer_py` for the browser: its byte code in one zip, rebuilt when a source file changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import viewer_py
from server.assets.archives import write_zip
from server.assets.catalog import BUNDLE_NAME, RUNTIME_NAMES, AssetsMissingError, read_manifest
from server.assets.compiler import BYTECODE, compile_archives
from server.assets.folder import commit, locked, write_files

VIEWER_DIR = Path(viewer_py.__file__).parent
_LOADER = RUNTIME_NAMES["loader"]


def build_viewer_bundle(assets_dir: Path, cache_dir: Path, source_dir: Path = VIEWER_DIR) -> bool:
    """Byte-compile the viewer into the asset folder unless it already holds these very sources.

    The runtime must have been built before (`server.assets.build` does both). Returns whether the
    bundle was made anew. Raises AssetsMissingError without a runtime, AssetError with Python's
    complaint when a source does not compile; the bundle of before then stays.
    """
    with locked(assets_dir):
        manifest = read_manifest(assets_dir)
        updated = with_bundle(manifest, assets_dir, cache_dir, source_dir)
        if updated == manifest:
            return False
        commit(assets_dir, updated)
        return True


def with_bundle(
    manifest: Mapping[str, Any], assets_dir: Path, cache_dir: Path, source_dir: Path
) -> dict[str, Any]:
    """Return the manifest with the bundle of these sources, made anew where it lacks that.

    For a caller that holds the folder's lock and commits the manifest. Raises as
    `build_viewer_bundle` does.
    """
    if _LOADER not in manifest["files"]:
        raise AssetsMissingError(
            f"{assets_dir}: 请先运行 yingyun assets / run yingyun assets first"
        )
    runtime_dir = (assets_dir / manifest["files"][_LOADER]["file"]).parent
    sources = _sources(source_dir)
    fingerprint = _fingerprint(sources, runtime_dir.name)
    if manifest.get("viewer_sources") == fingerprint and BUNDLE_NAME in manifest["files"]:
        return dict(manifest)
    compiled = compile_archives(runtime_dir, {BUNDLE_NAME: write_zip(sources)})
    entries = write_files(assets_dir, cache_dir, compiled)
    return {
        **manifest,
        "files": {**manifest["files"], **entries},
        "viewer_sources": fingerprint,
    }


def _sources(source_dir: Path) -> dict[str, bytes]:
    return {
        f"{source_dir.name}/{path.relative_to(source_dir).as_posix()}": path.read_bytes()
        for path in sorted(source_dir.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


def _fingerprint(sources: dict[str, bytes], runtime: str) -> str:
    digest = hashlib.sha256(f"{runtime}\0".encode() + BYTECODE.read_bytes())
    for name, data in sources.items():
        digest.update(f"{name}\0{hashlib.sha256(data).hexdigest()}\0".encode())
    return digest.hexdigest()
