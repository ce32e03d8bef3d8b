"""What the asset folder holds, and at which address each thing is served (no web framework here).

The folder is made by `server.assets.build`. Its `assets.json` is the only list of what may be
served: a path that it does not name does not resolve, so no request can leave the folder.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MANIFEST_NAME = "assets.json"
MANIFEST_VERSION = 1
BUNDLE_NAME = "viewer_py.zip"
VIEWER_SNAPSHOT = "viewer.snapshot"

# What a worker needs to start Python, by the name static/viewer/runtime.js knows it under.
RUNTIME_NAMES = {
    "loader": "pyodide/pyodide.mjs",
    "core": "pyodide/pyodide.asm.mjs",
    "wasm": "pyodide/pyodide.asm.wasm",
    "multiarray": "numpy/multiarray.wasm",
    "linalg": "numpy/linalg.wasm",
    "python": "python.snapshot",
    "viewer": VIEWER_SNAPSHOT,
}
# What each snapshot may ask for afterwards: modules that it does not hold.
LATER_NAMES = {"python": "pyodide/python_stdlib.zip", "viewer": BUNDLE_NAME}

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".tar": "application/x-tar",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".zip": "application/zip",
}


class AssetsMissingError(RuntimeError):
    """The asset folder has not been built, or lacks an asset; the message says what to run."""


@dataclass(frozen=True)
class AssetFile:
    """One file that may be served.

    `encodings` maps a content coding (RFC 9110 §8.4.1: "br", "gzip") to the file that holds the
    bytes in that coding; `sizes` gives the bytes of each, "identity" being the plain file.
    """

    path: Path
    media_type: str
    size: int
    sha256: str
    encodings: Mapping[str, Path]
    sizes: Mapping[str, int]

    def variant(self, accepted: Collection[str]) -> tuple[Path, str | None]:
        """Choose the smallest file among the accepted content codings.

        Returns its path and the value of Content-Encoding (None for the plain file).
        """
        usable = [coding for coding in self.encodings if coding in accepted]
        if not usable:
            return self.path, None
        best = min(usable, key=lambda coding: self.sizes[coding])
        return self.encodings[best], best


def read_manifest(assets_dir: Path) -> dict[str, Any]:
    """Read `assets.json`; an empty one when the folder has none that this version can use."""
    try:
        manifest = json.loads((assets_dir / MANIFEST_NAME).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        manifest = {}
    if manifest.get("version") != MANIFEST_VERSION:
        return {"version": MANIFEST_VERSION, "files": {}}
    return dict(manifest)


class AssetCatalog:
    """The asset folder as it was when the catalogue was opened."""

    def __init__(self, assets_dir: Path, base: str = "/assets") -> None:
        """Open the folder. Raises AssetsMissingError when it was never built."""
        self._base = base.rstrip("/")
        manifest = read_manifest(assets_dir)
        if not manifest["files"]:
            raise AssetsMissingError(
                f"{assets_dir} 中没有资源，请运行 yingyun assets / "
                "no assets there: run yingyun assets"
            )
        self._names: dict[str, str] = {}
        self._files: dict[str, AssetFile] = {}
        for name, entry in manifest["files"].items():
            self._names[name] = entry["file"]
            self._files[entry["file"]] = _asset_file(assets_dir, entry)

    def names(self) -> list[str]:
        """Return the logical names, sorted."""
        return sorted(self._names)

    def url(self, name: str) -> str:
        """Return the address of an asset by its logical name, for example "htmx.min.js".

        Raises AssetsMissingError.
        """
        return f"{self._base}/{self._file_name(name)}"

    def find(self, name: str) -> AssetFile:
        """Return the file of a logical name. Raises AssetsMissingError."""
        return self._files[self._file_name(name)]

    def resolve(self, path: str) -> AssetFile | None:
        """Return the file that is served at `path` (below the base), or None."""
        return self._files.get(path)

    def runtime(self) -> dict[str, dict[str, Any]]:
        """Return {part: {url, size}} for `startPython` and `warm` of static/viewer/runtime.js.

        Sizes are in bytes before content coding, which is what a script in the page can count. A
        snapshot also has its `sha256`, and `later`, {url, size} of the archive of modules that it
        does not hold: all of them where the snapshot cannot be used (sure-start.js).
        """
        parts: dict[str, dict[str, Any]] = {
            part: self._part(name) for part, name in RUNTIME_NAMES.items()
        }
        for part, name in LATER_NAMES.items():
            parts[part]["sha256"] = self.find(RUNTIME_NAMES[part]).sha256
            parts[part]["later"] = self._part(name)
        return parts

    def _part(self, name: str) -> dict[str, Any]:
        return {"url": self.url(name), "size": self.find(name).size}

    def runtime_transfer_bytes(self) -> int:
        """Return how many bytes a browser receives to start Python for the first time (brotli)."""
        files = (self.find(name) for name in RUNTIME_NAMES.values())
        return sum(min(file.sizes.values()) for file in files)

    def _file_name(self, name: str) -> str:
        try:
            return self._names[name]
        except KeyError as error:
            raise AssetsMissingError(
                f"缺少资源 {name}，请运行 yingyun assets / asset {name} is missing: "
                "run yingyun assets"
            ) from error


def _asset_file(assets_dir: Path, entry: Mapping[str, Any]) -> AssetFile:
    path = assets_dir / entry["file"]
    suffixes = {"br": ".br", "gzip": ".gz"}
    codings = entry["encodings"]
    return AssetFile(
        path=path,
        media_type=_MEDIA_TYPES.get(path.suffix, "application/octet-stream"),
        size=entry["size"],
        sha256=entry["sha256"],
        encodings={coding: Path(f"{path}{suffixes[coding]}") for coding in codings},
        sizes={"identity": entry["size"]}
        | {coding: facts["size"] for coding, facts in codings.items()},
    )
