"""A PostgreSQL of its own for a test: in a temporary folder, reached by a socket in it alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER_USER = "postgres"  # the server refuses to run as root


# Debian keeps the server's programs, version by version, off everybody's path.
PROGRAMS = os.pathsep.join(
    [os.environ.get("PATH", ""), *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")))]
)


def is_installed() -> bool:
    """Whether the programs are there (Debian: `postgresql`)."""
    return all(shutil.which(name, path=PROGRAMS) for name in ("initdb", "pg_ctl"))


@contextmanager
def running_postgresql() -> Iterator[str]:
    """Start an empty server and give the URL of its database; stop it and clear it away."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    user = SERVER_USER if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)

    def run(name: str, *arguments: str) -> None:
        program = shutil.which(name, path=PROGRAMS) or name
        subprocess.run([program, *arguments], check=True, capture_output=True, user=user,
            cwd=folder, env={"PATH": PROGRAMS, "LC_ALL": "C.UTF-8"})  # fmt: skip

    data = str(folder / "data")
    run("initdb", "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--no-sync")
    # What survives a power failure is not judged here.
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=60"
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://test@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
