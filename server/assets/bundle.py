"""`viewer_py` for the browser, made anew when a source file changes.

A snapshot of it imported, on top of the snapshot of Python, and its byte code in one zip for what
is imported later.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import viewer_py
from server.assets.archives import write_zip
from server.assets.catalog import (
    BUNDLE_NAME,
    LATER_NAMES,
    RUNTIME_NAMES,
    VIEWER_SNAPSHOT,
    AssetsMissingError,
    read_manifest,
)
from server.assets.compiler import BYTECODE, compile_archives
from server.assets.folder import commit, locked, write_files
from server.assets.snapshot import INSIDE, LIBRARIES, MODULE, take_snapshot

VIEWER_DIR = Path(viewer_py.__file__).parent
# What host.js asks Python for; with it comes all that the viewer begins with.
_ENTRY = "browser.worker"
_LOADER = RUNTIME_NAMES["loader"]
# What the bundle is made with and goes with.
_RUNTIME = [name for name in RUNTIME_NAMES.values() if name != VIEWER_SNAPSHOT]


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
    files = manifest["files"]
    if not all(name in files for name in _RUNTIME):
        raise AssetsMissingError(
            f"{assets_dir}: 请先运行 yingyun assets / run yingyun assets first"
        )
    sources = _sources(source_dir)
    fingerprint = _fingerprint(sources, [files[name]["file"] for name in _RUNTIME])
    made = BUNDLE_NAME in files and VIEWER_SNAPSHOT in files
    if made and manifest.get("viewer_sources") == fingerprint:
        return dict(manifest)
    paths = {name: assets_dir / files[name]["file"] for name in (*_RUNTIME, LATER_NAMES["python"])}
    entry = f"{source_dir.name}.{_ENTRY}"
    entries = write_files(assets_dir, cache_dir, _bundle(sources, entry, paths))
    return {**manifest, "files": {**files, **entries}, "viewer_sources": fingerprint}


def _bundle(
    sources: Mapping[str, bytes], entry: str, paths: Mapping[str, Path]
) -> dict[str, bytes]:
    runtime_dir = paths[_LOADER].parent
    compiled = compile_archives(runtime_dir, {BUNDLE_NAME: write_zip(sources)})
    with tempfile.TemporaryDirectory(prefix="yingyun-viewer-") as name:
        archive = Path(name) / BUNDLE_NAME
        archive.write_bytes(compiled[BUNDLE_NAME])
        snapshot = take_snapshot(
            runtime_dir,
            paths[LATER_NAMES["python"]],
            {part: paths[RUNTIME_NAMES[part]] for part in LIBRARIES},
            [entry],
            base=paths[RUNTIME_NAMES["python"]],
            archive=archive,
        )
    return {**compiled, VIEWER_SNAPSHOT: snapshot}


def _sources(source_dir: Path) -> dict[str, bytes]:
    return {
        f"{source_dir.name}/{path.relative_to(source_dir).as_posix()}": path.read_bytes()
        for path in sorted(source_dir.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


def _fingerprint(sources: dict[str, bytes], runtime: list[str]) -> str:
    digest = hashlib.sha256("\0".join(runtime).encode())
    for path in (BYTECODE, INSIDE, MODULE):
        digest.update(b"\0" + path.read_bytes())
    for name, data in sources.items():
        digest.update(f"{name}\0{hashlib.sha256(data).hexdigest()}\0".encode())
    return digest.hexdigest()
