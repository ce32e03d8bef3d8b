"""Settings that are a list in a file of their own, one named thing a row."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar


class Named(Protocol):
    """What a row describes."""

    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


def read_listed(
    path: Path | None, read_row: Callable[[Path, dict[str, Any]], T], error_type: type[Exception]
) -> tuple[T, ...]:
    """Read a JSON list of objects; no path means none.

    Raises `error_type` for a file that is missing, malformed or gives one name twice.
    """
    if path is None:
        return ()
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise error_type(f"{path}: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise error_type(f"{path}: a list of objects is expected")
    listed = tuple(read_row(path, row) for row in rows)
    if len({one.name for one in listed}) != len(listed):
        raise error_type(f"{path}: one name stands twice")
    return listed
