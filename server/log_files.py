"""Log lines kept in a file a day, for a collector to read and for 180 days and more (F-43)."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from datetime import UTC, date, timedelta
from pathlib import Path

from server import clock

LEAST_DAYS = 180  # 000-B 八(一)4
DEFAULT_DAYS = 184
_NAME = re.compile(r"yingyun-(\d{4}-\d{2}-\d{2})\.jsonl")


class DayFiles:
    """A stream that writes each line to standard error and to the file of its day in UTC.

    A line is one write to a file opened for appending, so that the lines of several processes stay
    whole. A folder that cannot be written leaves standard error, which always gets the line.
    """

    def __init__(self, folder: Path) -> None:
        """Write below `folder`, which is made when there is none."""
        self._folder = folder
        self._day: date | None = None
        self._descriptor = -1

    def write(self, text: str) -> int:
        """Write a line with its end."""
        sys.stderr.write(text)
        with contextlib.suppress(OSError):
            os.write(self._open(), text.encode(errors="backslashreplace"))
        return len(text)

    def flush(self) -> None:
        """Flush standard error; the file has no buffer."""
        sys.stderr.flush()

    def _open(self) -> int:
        day = clock.now().astimezone(UTC).date()
        if day != self._day:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self._folder / f"yingyun-{day.isoformat()}.jsonl"
            opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            before, self._descriptor, self._day = self._descriptor, opened, day
            if before >= 0:
                os.close(before)
        return self._descriptor


def remove_old(folder: Path | None, days: int) -> int:
    """Remove the files of days longer ago than `days`, never one younger than LEAST_DAYS; return
    how many. Other files in the folder are left alone."""
    if folder is None or not folder.is_dir():
        return 0
    today = clock.now().astimezone(UTC).date()
    oldest = today - timedelta(days=max(days, LEAST_DAYS))
    removed = 0
    for path in folder.iterdir():
        named = _NAME.fullmatch(path.name)
        if named is not None and date.fromisoformat(named[1]) < oldest:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
