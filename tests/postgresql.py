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


def is_installed() -> bool:
    """Whether the programs are there (Debian: `postgresql`)."""
    return shutil.which("initdb") is not None and shutil.which("pg_ctl") is not None


@contextmanager
def running_postgresql() -> Iterator[str]:
    """Start an empty server and give the URL of its database; stop it and clear it away."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    user = SERVER_USER if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, user=user, cwd=folder, env={
            "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})  # fmt: skip

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
