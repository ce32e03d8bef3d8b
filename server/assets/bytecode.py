"""Turns an archive of Python sources into one of byte code. Runs inside Pyodide as well as here.

Byte code fits one minor version of Python only, so `server.assets.compiler` hands this very file to
the Python that the browser will run. It therefore imports the standard library alone.
"""

from __future__ import annotations

import importlib.util
import marshal
import zipfile

# Fixed, so that the same sources always give the same bytes (and the same content-hashed name).
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
# PEP 552: bit 0 says "hash-based", bit 1 unset says "never compare with the source".
_UNCHECKED_HASH = b"\x01\x00\x00\x00"


def compile_source(source: bytes, file_name: str) -> bytes:
    """Compile one module to the contents of its `.pyc` file (PEP 552, unchecked hash).

    Asserts and doc strings are dropped: no one reads them in a browser.
    Raises SyntaxError.
    """
    code = compile(source, file_name, "exec", dont_inherit=True, optimize=2)
    source_hash = importlib.util.source_hash(source)
    return b"".join(
        (importlib.util.MAGIC_NUMBER, _UNCHECKED_HASH, source_hash, marshal.dumps(code))
    )


def compile_archive(source_path: str, target_path: str) -> None:
    """Write a zip like the one at `source_path`, each `.py` in it replaced by its `.pyc`.

    The target is stored, not compressed: the web server compresses it better, and Python starts
    faster from it. Raises SyntaxError, and OSError when a path cannot be used.
    """
    with (
        zipfile.ZipFile(source_path) as source,
        zipfile.ZipFile(target_path, "w", zipfile.ZIP_STORED) as target,
    ):
        for name in sorted(source.namelist()):
            if name.endswith("/"):
                continue
            data = source.read(name)
            if name.endswith(".py"):
                name, data = f"{name}c", compile_source(data, name)
            target.writestr(zipfile.ZipInfo(name, ZIP_TIME), data)
