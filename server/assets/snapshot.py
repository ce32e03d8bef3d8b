"""Python's memory as the viewer finds it, taken when the assets are built (see docs/assets.md).

What Pyodide and numpy do at their start is the same each time and takes a phone seconds. So it is
done once, in node, and browsers receive what came of it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from server.assets.node import run_node

_HERE = Path(__file__).parent
_SCRIPT = _HERE / "snapshot.mjs"
INSIDE = _HERE / "inside.py"
MODULES_PATH = _HERE / "snapshot.json"
# The extension modules by the names that static/viewer/snapshot.js has for them.
LIBRARIES = ("multiarray", "linalg")
# The reader and writer of snapshots: one module for the browser and for node.
MODULE = _HERE.parents[1] / "static" / "viewer" / "snapshot.js"


def take_snapshot(
    pyodide_dir: Path,
    library: Path,
    libraries: Mapping[str, Path],
    modules: Sequence[str],
    base: Path | None = None,
    archive: Path | None = None,
) -> bytes:
    """Return the snapshot of Python after it has imported the modules.

    `pyodide_dir` holds an unpacked Pyodide, `library` is the standard library with numpy's Python
    code, `libraries` are the extension modules that static/viewer/snapshot.js names. With `base`,
    a snapshot's file, the result comes on top of that; `archive` is a zip of more modules.
    Raises AssetError with Python's complaint.
    """
    with tempfile.TemporaryDirectory(prefix="yingyun-snapshot-") as name:
        target = Path(name) / "taken"
        plan = {
            "pyodide": str(pyodide_dir.resolve()),
            "snapshot_module": str(MODULE),
            "script": str(INSIDE),
            "library": str(library.resolve()),
            "libraries": {key: str(path.resolve()) for key, path in libraries.items()},
            "base": str(base.resolve()) if base else None,
            "archive": str(archive.resolve()) if archive else None,
            "modules": list(modules),
            "target": str(target),
        }
        written = Path(name) / "plan.json"
        written.write_text(json.dumps(plan))
        run_node([_SCRIPT, written])
        return target.read_bytes()


def snapshot_modules() -> list[str]:
    """Return what the snapshot of Python holds beside what Pyodide itself imports."""
    names: list[str] = json.loads(MODULES_PATH.read_text())
    return names
