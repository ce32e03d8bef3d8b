"""Builds the asset folder: fetch, verify, prune, byte-compile, compress, put in place."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.assets.archives import package_member, package_members, read_zip, write_zip
from server.assets.bundle import VIEWER_DIR, with_bundle
from server.assets.catalog import MANIFEST_VERSION, AssetCatalog, read_manifest
from server.assets.compiler import compile_archives
from server.assets.fetch import Progress, fetch_packages, fetch_pyodide_wheel
from server.assets.folder import commit, first_fault, locked, write_files
from server.assets.icons import icon_names, sprite
from server.assets.pins import CodecPin, Pins, load_pins
from server.assets.prune import keep_numpy, keep_stdlib, without_documentation
from server.assets.snapshot import MODULE, snapshot_modules, take_snapshot

_PYODIDE_PARTS = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm")
_ABI = ".cpython-314-wasm32-emscripten.so"
# Extension modules of numpy that the viewer starts with; numpy.fft is not among them.
NUMPY_LIBRARIES = {
    "multiarray": f"numpy/_core/_multiarray_umath{_ABI}",
    "linalg": f"numpy/linalg/_umath_linalg{_ABI}",
}


@dataclass(frozen=True)
class AssetSummary:
    """What a build left behind. Sizes in bytes; `runtime_bytes` is what starts Python, brotli."""

    rebuilt: bool
    viewer_rebuilt: bool
    files: int
    plain_bytes: int
    brotli_bytes: int
    runtime_bytes: int
    seconds: float


def _silent(_message: str) -> None:
    """Report nothing."""


def build(
    assets_dir: Path,
    cache_dir: Path,
    progress: Progress = _silent,
    viewer_dir: Path = VIEWER_DIR,
) -> AssetSummary:
    """Make the asset folder complete and right, doing only what is missing.

    `cache_dir` keeps what was fetched and compressed, so that another build needs no network.
    Raises AssetError (DownloadError, HashMismatchError); what was there before stays usable.
    """
    started = time.monotonic()
    with locked(assets_dir):
        before = read_manifest(assets_dir)
        outside = _with_outside_files(before, assets_dir, cache_dir, progress)
        after = with_bundle(outside, assets_dir, cache_dir, viewer_dir)
        if after != before:
            commit(assets_dir, after)
    catalog = AssetCatalog(assets_dir)
    files = [catalog.find(name) for name in catalog.names()]
    return AssetSummary(
        rebuilt=outside is not before,
        viewer_rebuilt=after != outside,
        files=len(files),
        plain_bytes=sum(file.size for file in files),
        brotli_bytes=sum(min(file.sizes.values()) for file in files),
        runtime_bytes=catalog.runtime_transfer_bytes(),
        seconds=time.monotonic() - started,
    )


def _with_outside_files(
    manifest: dict[str, Any], assets_dir: Path, cache_dir: Path, progress: Progress
) -> dict[str, Any]:
    """Return the manifest itself where all is as recorded, else one of files written anew."""
    inputs = _inputs()
    if manifest.get("inputs") == inputs:
        fault = first_fault(assets_dir, manifest)
        if fault is None:
            return manifest
        progress(f"{fault} 已损坏，重新生成 / {fault} is damaged: building again")
    files = _outside_files(cache_dir, progress)
    progress("压缩 / Compressing")
    entries = write_files(assets_dir, cache_dir, files)
    return {"version": MANIFEST_VERSION, "inputs": inputs, "files": entries}


def _inputs() -> str:
    """Digest of all that decides what is built: this package's code, pins and icon names."""
    digest = hashlib.sha256()
    for path in (*sorted(Path(__file__).parent.glob("*.*")), MODULE):
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _outside_files(cache_dir: Path, progress: Progress) -> dict[str, bytes]:
    pins = load_pins()
    packages = fetch_packages(pins.packages.values(), cache_dir, progress)
    pyodide = packages["pyodide"]
    numpy = fetch_pyodide_wheel("numpy", pyodide, pins.wheel_carrier, cache_dir, progress)
    progress("编译 Python 字节码 / Byte-compiling Python")
    files = _runtime(pyodide, numpy)
    for name, pin in pins.files.items():
        files[name] = package_member(packages[pin.package], pin.member)
    for name, codec in pins.codecs.items():
        files |= codec_files(name, codec, packages[codec.package])
    files["icons.svg"] = sprite(packages["@tabler/icons"], icon_names())
    files["licenses.txt"] = _licenses(pins, packages)
    return files


def _runtime(pyodide: bytes, numpy: bytes) -> dict[str, bytes]:
    official = package_members(pyodide, [*_PYODIDE_PARTS, "python_stdlib.zip", "pyodide-lock.json"])
    stdlib, packages = read_zip(official["python_stdlib.zip"]), read_zip(numpy)
    # The viewer installs no packages, so of the lock file only the platform is left.
    lock = {"info": json.loads(official["pyodide-lock.json"])["info"], "packages": {}}
    parts = {part: official[part] for part in _PYODIDE_PARTS}
    parts["pyodide-lock.json"] = json.dumps(lock).encode()
    libraries = {part: packages[member] for part, member in NUMPY_LIBRARIES.items()}
    modules = {name: data for name, data in stdlib.items() if keep_stdlib(name)}
    modules |= {
        name: without_documentation(name, data)
        for name, data in packages.items()
        if keep_numpy(name)
    }
    with tempfile.TemporaryDirectory(prefix="yingyun-pyodide-") as name:
        folder = Path(name)
        _write_all(folder, {**official, **parts})
        compiled = compile_archives(folder, {"library": write_zip(modules)})["library"]
        parts["python_stdlib.zip"] = compiled
        _write_all(folder, {**parts, **libraries})
        paths = {part: folder / part for part in libraries}
        snapshot = take_snapshot(folder, folder / "python_stdlib.zip", paths, snapshot_modules())
    return {
        **{f"pyodide/{part}": data for part, data in parts.items()},
        **{f"numpy/{part}.wasm": data for part, data in libraries.items()},
        "python.snapshot": snapshot,
    }


def _write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).write_bytes(data)


def codec_files(name: str, codec: CodecPin, package: bytes) -> dict[str, bytes]:
    """Return an image codec's WebAssembly, and its script as an ES module.

    The packages hold classic scripts, which a module worker cannot import; one `export` line at
    their end makes modules of them. Raises DownloadError.
    """
    members = package_members(package, [codec.script, codec.wasm])
    export = f"\nexport default {codec.factory};\n".encode()
    return {
        f"codecs/{name}.mjs": members[codec.script] + export,
        f"codecs/{name}.wasm": members[codec.wasm],
    }


def _licenses(pins: Pins, packages: Mapping[str, bytes]) -> bytes:
    """Say what is served beside our own code, under which licence."""
    lines = ["Software served to browsers beside Yingyun's own:", ""]
    for name, pin in sorted(pins.packages.items()):
        facts = json.loads(package_member(packages[name], "package.json"))
        lines.append(f"{name} {pin.version}: {facts.get('license', 'see its package')}")
    lines.append("numpy (inside python.snapshot): BSD-3-Clause; Python (inside Pyodide): PSF-2.0")
    return "\n".join([*lines, ""]).encode()
