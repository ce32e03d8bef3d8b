"""Runs inside Pyodide when a snapshot is made: imports what it shall hold, leaves no traces.

It is handed over as a text (`snapshot.mjs`) and therefore imports the standard library alone.
"""

from __future__ import annotations

import gc
import importlib
import importlib.machinery
import importlib.util
import linecache
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType

_SUFFIX = ".so"
# Their state comes from chance when they are imported: each browser shall import them itself.
_NEVER_KEPT = ("random", "secrets", "uuid")


class _Libraries:
    """Finds extension modules that are loaded already, wherever their package lies."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = {
            path.removesuffix(_SUFFIX).strip("/").replace("/", "."): path for path in paths
        }

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return where a module is, or None (importlib's protocol)."""
        path = self._paths.get(name)
        if path is None:
            return None
        loader = importlib.machinery.ExtensionFileLoader(name, path)
        return importlib.util.spec_from_file_location(name, path, loader=loader)


def prepare(libraries: Iterable[str], modules: Iterable[str], archive: str) -> None:
    """Import modules by name, from the archive too, so that they are there after restoring.

    `libraries` are the paths of extension modules: "/numpy/linalg/_umath_linalg.so" is what
    `numpy.linalg._umath_linalg` imports. `archive` joins the path of modules unless it is empty.
    Raises ImportError, and what a module itself raises.
    """
    if archive:
        sys.path.append(archive)
    finder = _Libraries(libraries)
    sys.meta_path.insert(0, finder)
    for name in modules:
        importlib.import_module(name)
    sys.meta_path.remove(finder)
    for name in _NEVER_KEPT:
        sys.modules.pop(name, None)
    sys.path_importer_cache.clear()
    linecache.clearcache()
    gc.collect()
    # Collections to come then leave it alone: nothing is written where nothing changes.
    gc.freeze()
