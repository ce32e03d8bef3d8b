"""Byte-compiles archives with the very Python that the browser runs: Pyodide, started in node."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from server.assets.node import run_node

_HERE = Path(__file__).parent
_SCRIPT = _HERE / "compile.mjs"
BYTECODE = _HERE / "bytecode.py"


def compile_archives(pyodide_dir: Path, archives: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return each zip of sources as a stored zip of byte code, under the same key.

    `pyodide_dir` holds an unpacked Pyodide. Raises AssetError with Python's complaint.
    """
    with tempfile.TemporaryDirectory(prefix="yingyun-compile-") as name:
        folder = Path(name)
        arguments: list[str | Path] = [_SCRIPT, pyodide_dir.resolve(), BYTECODE]
        for index, data in enumerate(archives.values()):
            (folder / f"{index}.source").write_bytes(data)
            arguments += [folder / f"{index}.source", folder / f"{index}.target"]
        run_node(arguments)
        return {
            key: (folder / f"{index}.target").read_bytes() for index, key in enumerate(archives)
        }
