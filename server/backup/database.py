"""A consistent snapshot of the database while it is in use, and back again."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from server.backup.errors import BackupError

SQLITE, POSTGRESQL = "sqlite", "postgresql"
FILE_NAMES = {SQLITE: "database.sqlite", POSTGRESQL: "database.dump"}


def kind_of(url: str) -> str:
    """Return the kind of a database. Raises BackupError for one that has no backup here."""
    kind = make_url(url).get_backend_name()
    if kind not in FILE_NAMES:
        raise BackupError(f"不支持备份 {kind} / no backup of {kind}")
    return kind


def dump(url: str, folder: Path) -> Path:
    """Write a snapshot of the database into a folder, whole or not at all; return the file.

    SQLite by its online backup, PostgreSQL by pg_dump: both see one moment. Raises BackupError.
    """
    target = folder / FILE_NAMES[kind_of(url)]
    temporary = target.with_name(f"{target.name}.new")
    temporary.unlink(missing_ok=True)
    if kind_of(url) == SQLITE:
        _copy_sqlite(Path(make_url(url).database or ""), temporary)
    else:
        _run("pg_dump", url, "--format=custom", f"--file={temporary}")
    _sync(temporary)
    temporary.replace(target)
    return target


def load(file: Path, url: str) -> None:
    """Write a snapshot into an empty database. Raises BackupError."""
    if kind_of(url) == SQLITE:
        target = Path(make_url(url).database or "")
        if target.exists():
            raise BackupError(f"{target} 已存在，不会覆盖 / exists and is not overwritten")
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _copy_sqlite(file, target)
        return
    _run("pg_restore", url, "--no-owner", "--exit-on-error", "--single-transaction", str(file))


def create_scratch(url: str, name: str) -> str:
    """Make an empty database beside that of a URL, for a drill; return its URL."""
    _run("psql", url, "--command", f'CREATE DATABASE "{name}"')
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def drop_scratch(url: str, name: str) -> None:
    """Remove what `create_scratch` made."""
    _run("psql", url, "--command", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.exists():
        raise BackupError(f"没有数据库 {source} / no database at {source}")
    try:
        with closing(sqlite3.connect(source)) as origin, closing(sqlite3.connect(target)) as copy:
            origin.backup(copy)
    except sqlite3.Error as error:
        raise BackupError(f"数据库快照失败 / the snapshot failed: {error}") from error


def _run(program: str, url: str, *arguments: str) -> None:
    """Run a program of PostgreSQL; the password goes by the environment, never the command line."""
    found = shutil.which(program, path=_path())
    if found is None:
        raise BackupError(f"未安装 {program} / {program} is not installed")
    parsed = make_url(url)
    target = parsed.set(drivername=POSTGRESQL, password=None).render_as_string()
    try:
        subprocess.run(  # noqa: S603 - a fixed program, no shell
            [found, f"--dbname={target}", *arguments],
            check=True,
            capture_output=True,
            text=True,
            env=_environment(parsed),
        )
    except subprocess.CalledProcessError as error:
        first = (error.stderr or "").partition("\n")[0]
        raise BackupError(f"{program} 失败 / failed: {first}") from error


def _environment(parsed: URL) -> dict[str, str]:
    environ = dict(os.environ)
    if parsed.password:
        environ["PGPASSWORD"] = str(parsed.password)
    return environ


def _path() -> str:
    """Return where PostgreSQL's programs may be: Debian keeps them off everybody's path."""
    versions = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")))
    return os.pathsep.join([os.environ.get("PATH", ""), *versions])


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
