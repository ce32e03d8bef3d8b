"""What of the standard library and of numpy a viewer never needs (`prune.json`).

Left out is what cannot work in a browser (processes, servers, terminals), what serves developers
(tests, debuggers, documentation), and what numpy needs only to be built or tested; modules of numpy
that do nothing but add documentation are emptied. Of the text encodings, DICOM's character sets
stay (PS3.3 C.12.1.1.2) and what Python itself asks for.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

_RULES: dict[str, frozenset[str]] = {
    key: frozenset(names)
    for key, names in json.loads(Path(__file__).with_name("prune.json").read_text()).items()
}


def keep_stdlib(name: str) -> bool:
    """Whether a file of `python_stdlib.zip` goes to the browser."""
    path = PurePosixPath(name)
    if path.parts[0] in _RULES["stdlib_folders"] or "tests" in path.parts:
        return False
    if str(path.with_suffix("")) in _RULES["stdlib_files"] or "macholib" in path.parts:
        return False
    if path.parts[0] == "encodings":
        return path.stem in _RULES["encodings_kept"] or path.stem.startswith("iso8859_")
    return not (len(path.parts) == 1 and path.stem in _RULES["stdlib_modules"])


def keep_numpy(name: str) -> bool:
    """Whether a file of numpy's wheel goes to the browser as a Python module."""
    path = PurePosixPath(name)
    if path.suffix != ".py" or path.parts[0] != "numpy" or "tests" in path.parts:
        return False
    if len(path.parts) == 2:
        return path.stem not in _RULES["numpy_modules"]
    return path.parts[1] not in _RULES["numpy_folders"]


def without_documentation(name: str, data: bytes) -> bytes:
    """Return a module of numpy as it goes to the browser: nobody reads documentation there."""
    path = PurePosixPath(name)
    return b"" if str(path.with_suffix("")) in _RULES["numpy_emptied"] else data
