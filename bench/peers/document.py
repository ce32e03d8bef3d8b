"""docs/performance.md: the table between two marks, with the machine and the versions it is of."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from pathlib import Path

from bench.peers import peer

BEGIN, END = "<!-- bench-peers: begin -->", "<!-- bench-peers: end -->"


def heading(executable: str, load: float) -> str:
    """Return date, machine and versions."""
    told = subprocess.run([executable, "--version"], check=True, capture_output=True, text=True)
    browser = " ".join(told.stdout.split()[:2])
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = (
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        f"{os.cpu_count()} × {_processor()}, {memory:.0f} GiB, no GPU (SwiftShader)",
        browser,
        f"cornerstone3D {peer.version()}",
        f"Python {platform.python_version()} on the server",
        f"load of the machine before the run {load:.1f}",
    )
    return " · ".join(parts)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def write(document: Path, text: str) -> None:
    """Put `text` between the marks. Raises ValueError when the document lacks them."""
    before, begin, rest = document.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{document} has no place for the table")
    document.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")
