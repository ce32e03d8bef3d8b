"""docs/performance.md: the tables between two marks, with the machine and versions they are of."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from pathlib import Path

PERFORMANCE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"


def heading(executable: str, load: float, *more: str) -> str:
    """Return date, machine, browser, the versions in `more`, and the load before the run."""
    told = subprocess.run([executable, "--version"], check=True, capture_output=True, text=True)
    browser = " ".join(told.stdout.split()[:2])
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = (
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        f"{os.cpu_count()} × {_processor()}, {memory:.0f} GiB, no GPU (SwiftShader)",
        browser,
        *more,
        f"Python {platform.python_version()} on the server",
        f"load of the machine before the run {load:.1f}",
    )
    return " · ".join(parts)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def write(document: Path, name: str, text: str) -> None:
    """Put `text` between the marks called `name`. Raises ValueError when the document lacks them.

    The marks are `<!-- name: begin -->` and `<!-- name: end -->`.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found_begin, rest = document.read_text().partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise ValueError(f"{document} has no place for {name}")
    document.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")
