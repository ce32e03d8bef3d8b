"""Whatever comes from outside is refused unless it is exactly what is pinned."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from server.assets import fetch
from server.assets.errors import DownloadError, HashMismatchError
from server.assets.pins import PackagePin, WheelCarrier, load_pins
from tests.assets.conftest import quiet

WHEEL = b"the official wheel"
CARRIER = WheelCarrier("carrier==1", "3.11", "folder")


def package(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def pin_of(data: bytes) -> PackagePin:
    digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
    return PackagePin("@scope/codec", "1.0.0", f"sha512-{digest}")


@pytest.fixture
def pyodide() -> bytes:
    lock = {
        "packages": {"numpy": {"file_name": "n.whl", "sha256": hashlib.sha256(WHEEL).hexdigest()}}
    }
    files = {
        "pyodide-lock.json": json.dumps(lock).encode(),
        "package.json": b'{"version": "1.2.3"}',
        "pyodide.mjs": b"x=`https://cdn.example/pyodide/v${U}/full/`",
    }
    return package(**files)


def npm_gives(data: bytes, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    calls: list[int] = []

    def pack(_arguments: object, folder: Path) -> str:
        calls.append(1)
        (folder / "scope-codec-1.0.0.tgz").write_bytes(data)
        return ""

    monkeypatch.setattr(fetch, "run_npm", pack)
    return calls


def test_package_with_other_bytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm_gives(b"something else", monkeypatch)
    with pytest.raises(HashMismatchError, match=r"scope-codec-1\.0\.0"):
        fetch.fetch_packages([pin_of(b"the real thing")], tmp_path, quiet)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_package_is_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = npm_gives(b"the real thing", monkeypatch)
    for _ in range(2):
        found = fetch.fetch_packages([pin_of(b"the real thing")], tmp_path, quiet)
        assert found == {"@scope/codec": b"the real thing"}
    assert len(calls) == 1


def test_damaged_cache_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm_gives(b"the real thing", monkeypatch)
    fetch.fetch_packages([pin_of(b"the real thing")], tmp_path, quiet)
    (tmp_path / "npm" / "scope-codec-1.0.0.tgz").write_bytes(b"the real thinG")
    found = fetch.fetch_packages([pin_of(b"the real thing")], tmp_path, quiet)
    assert found == {"@scope/codec": b"the real thing"}


def test_weak_integrity_is_refused() -> None:
    digest = base64.b64encode(hashlib.sha1(b"data").digest()).decode()
    with pytest.raises(HashMismatchError, match="sha1"):
        fetch.check_integrity(b"data", f"sha1-{digest}", "thing")


def test_wheel_comes_from_the_address_that_pyodide_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pyodide: bytes
) -> None:
    asked: list[str] = []

    def answer(address: str) -> bytes:
        asked.append(address)
        return WHEEL

    monkeypatch.setattr(fetch, "_from_cdn", answer)
    for _ in range(2):
        assert fetch.fetch_pyodide_wheel("numpy", pyodide, CARRIER, tmp_path, quiet) == WHEEL
    assert asked == ["https://cdn.example/pyodide/v1.2.3/full/n.whl"]


@pytest.mark.parametrize("answer", [None, b"altered on the way"])
def test_wheel_comes_from_the_carrier_when_the_first_source_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pyodide: bytes, answer: bytes | None
) -> None:
    monkeypatch.setattr(fetch, "_from_cdn", lambda _address: answer)
    monkeypatch.setattr(fetch, "_from_carrier", lambda *_arguments: WHEEL)
    assert fetch.fetch_pyodide_wheel("numpy", pyodide, CARRIER, tmp_path, quiet) == WHEEL


def test_altered_copy_in_the_carrier_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pyodide: bytes
) -> None:
    monkeypatch.setattr(fetch, "_from_cdn", lambda _address: None)
    monkeypatch.setattr(fetch, "_from_carrier", lambda *_arguments: WHEEL + b"!")
    with pytest.raises(HashMismatchError, match=r"n\.whl"):
        fetch.fetch_pyodide_wheel("numpy", pyodide, CARRIER, tmp_path, quiet)
    assert not (tmp_path / "wheels").exists()


def test_unreachable_source_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_arguments: object, _folder: Path) -> str:
        raise DownloadError("no network")

    monkeypatch.setattr(fetch, "run_npm", fail)
    with pytest.raises(DownloadError, match=r"@scope/codec@1\.0\.0"):
        fetch.fetch_packages([pin_of(b"x")], tmp_path, quiet)


def test_every_pin_is_exact() -> None:
    pins = load_pins()
    assert all(pin.integrity.startswith("sha512-") for pin in pins.packages.values())
    assert all(pin.version[0].isdigit() for pin in pins.packages.values())
    assert "==" in pins.wheel_carrier.requirement
    used = {pin.package for pin in (*pins.files.values(), *pins.codecs.values())}
    assert used <= set(pins.packages)
