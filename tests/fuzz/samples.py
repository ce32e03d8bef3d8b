"""The small real files that are spoilt: pydicom's own, and those beside the repository."""

from __future__ import annotations

import functools
from pathlib import Path

import pydicom.data

WHEEL = Path(pydicom.data.__file__).parent / "test_files"
SHARED = Path(__file__).parents[3] / "shared" / "data"
LARGEST = 200_000  # bytes; larger files only make the same faults slower to find


@functools.cache
def wheel_files() -> tuple[Path, ...]:
    """Return the small files that every installation of pydicom has."""
    return _small(WHEEL)


@functools.cache
def all_files() -> tuple[Path, ...]:
    """Return the wheel's files, and the shared ones where they are there."""
    folders = [SHARED / name for name in ("hostile", "syntax", "objects")]
    return wheel_files() + tuple(path for folder in folders for path in _small(folder))


@functools.cache
def content(path: Path) -> bytes:
    """Return the bytes of a sample, read once."""
    return path.read_bytes()


def _small(folder: Path) -> tuple[Path, ...]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return tuple(
        path
        for path in files
        if path.stat().st_size <= LARGEST and path.suffix not in {".csv", ".py", ".md", ".txt"}
    )
