"""The asset folder on disk: content-hashed files, and one manifest that says which of them count.

Files never change once written, so the manifest, replaced in one step, is the moment of change: a
build that is killed before it leaves everything as it was.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from server.assets.catalog import MANIFEST_NAME
from server.assets.compress import CODINGS, compress_all

HASH_DIGITS = 12
# Pages that were opened before an upgrade may still ask for the files of before.
STALE_SECONDS = 24 * 3600
_GROUP = "pyodide/"


@contextmanager
def locked(assets_dir: Path) -> Iterator[None]:
    """Keep other processes from changing the folder meanwhile (flock; freed if we die)."""
    assets_dir.mkdir(parents=True, exist_ok=True)
    with (assets_dir / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def hashed_names(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return {logical name: file name with a digest of the content}.

    Pyodide looks its parts up beside each other under fixed names, so these share one folder whose
    name carries the digest of them all.
    """
    group = hashlib.sha256()
    for name in sorted(files):
        if name.startswith(_GROUP):
            group.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\0".encode())
    folder = f"pyodide-{group.hexdigest()[:HASH_DIGITS]}/"
    return {
        name: folder + name.removeprefix(_GROUP) if name.startswith(_GROUP) else _hashed(name, data)
        for name, data in files.items()
    }


def _hashed(name: str, data: bytes) -> str:
    path = PurePosixPath(name)
    digest = hashlib.sha256(data).hexdigest()[:HASH_DIGITS]
    return str(path.with_name(f"{path.stem}-{digest}{path.suffix}"))


def write_files(
    assets_dir: Path, cache_dir: Path, files: Mapping[str, bytes]
) -> dict[str, dict[str, Any]]:
    """Write the files and their content codings; return their manifest entries.

    Nothing refers to them before `commit` is called with those entries.
    """
    coded = compress_all(files, cache_dir)
    names = hashed_names(files)
    entries = {}
    for name, data in files.items():
        target = assets_dir / names[name]
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(target, data)
        codings = {}
        for coding in CODINGS:
            body = coded[name].get(coding.name)
            if body is not None:
                _write(Path(f"{target}{coding.suffix}"), body)
                codings[coding.name] = _facts(body)
        entries[name] = {"file": names[name], **_facts(data), "encodings": codings}
    return entries


def commit(assets_dir: Path, manifest: Mapping[str, Any]) -> None:
    """Make the manifest the one that counts, and remove what no page can still ask for."""
    text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    _write(assets_dir / MANIFEST_NAME, text.encode())
    _remove_stale(assets_dir, manifest)


def first_fault(assets_dir: Path, manifest: Mapping[str, Any]) -> str | None:
    """Return the first file that is missing or altered, or None when all are as recorded."""
    for entry in manifest["files"].values():
        for path, facts in _recorded(assets_dir, entry):
            try:
                data = path.read_bytes()
            except OSError:
                return path.name
            if hashlib.sha256(data).hexdigest() != facts["sha256"]:
                return path.name
    return None


def _recorded(
    assets_dir: Path, entry: Mapping[str, Any]
) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    path = assets_dir / entry["file"]
    yield path, entry
    for coding in CODINGS:
        if coding.name in entry["encodings"]:
            yield Path(f"{path}{coding.suffix}"), entry["encodings"][coding.name]


def _facts(data: bytes) -> dict[str, Any]:
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _write(path: Path, data: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _remove_stale(assets_dir: Path, manifest: Mapping[str, Any]) -> None:
    live = {assets_dir / MANIFEST_NAME, assets_dir / ".lock"}
    for entry in manifest["files"].values():
        live.update(path for path, _ in _recorded(assets_dir, entry))
    oldest = time.time() - STALE_SECONDS
    for path in sorted(assets_dir.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in live and path.stat().st_mtime < oldest:
            path.unlink()
