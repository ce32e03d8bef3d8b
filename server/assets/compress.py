"""Content codings made once, at build time, as small as they get (RFC 7932 brotli, RFC 1952 gzip).

Brotli at its best takes half a minute for the runtime, so results are kept in the cache by the
sha256 of what they hold.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import brotli

BROTLI_QUALITY = 11
BROTLI_WINDOW = 24  # 16 MiB: the whole of the runtime
GZIP_LEVEL = 9


@dataclass(frozen=True)
class Coding:
    """A content coding: its HTTP name, its file suffix, and how to make and undo it."""

    name: str
    suffix: str
    encode: Callable[[bytes], bytes]
    decode: Callable[[bytes], bytes]


def _brotli(data: bytes) -> bytes:
    return bytes(brotli.compress(data, quality=BROTLI_QUALITY, lgwin=BROTLI_WINDOW))


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, GZIP_LEVEL, mtime=0)


CODINGS = (
    Coding("br", ".br", _brotli, brotli.decompress),
    Coding("gzip", ".gz", _gzip, gzip.decompress),
)


def compress_all(files: Mapping[str, bytes], cache_dir: Path) -> dict[str, dict[str, bytes]]:
    """Return {name: {coding: bytes}}; a coding that does not make a file smaller is left out."""
    folder = cache_dir / "compressed"
    folder.mkdir(parents=True, exist_ok=True)
    # The longest work first; both libraries let other threads run while they compress.
    tasks = [(name, coding) for name in files for coding in CODINGS]
    tasks.sort(key=lambda task: len(files[task[0]]) * (task[1].name == "br"), reverse=True)
    with ThreadPoolExecutor() as pool:
        results = pool.map(lambda task: _coded(files[task[0]], task[1], folder), tasks)
        coded: dict[str, dict[str, bytes]] = {name: {} for name in files}
        for (name, coding), data in zip(tasks, results, strict=True):
            if len(data) < len(files[name]):
                coded[name][coding.name] = data
    return coded


def _coded(data: bytes, coding: Coding, folder: Path) -> bytes:
    cached = folder / f"{hashlib.sha256(data).hexdigest()}{coding.suffix}"
    kept = _kept(cached, coding, data)
    if kept is not None:
        return kept
    result = coding.encode(data)
    temporary = cached.with_name(f".{cached.name}")
    temporary.write_bytes(result)
    temporary.replace(cached)
    return result


def _kept(cached: Path, coding: Coding, data: bytes) -> bytes | None:
    """What the cache holds, if it still decodes to the very same bytes."""
    try:
        result = cached.read_bytes()
        return result if coding.decode(result) == data else None
    except (OSError, EOFError, brotli.error):
        return None
