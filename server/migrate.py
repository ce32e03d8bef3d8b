"""The database schema, brought to its newest version by Alembic (folder `migrations/`)."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, event, text

from server.db import make_engine
from server.settings import Settings

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_ADVISORY_LOCK = 0x59494E47  # "YING": one migration at a time on one PostgreSQL database


class MigrationsMissingError(RuntimeError):
    """The folder `migrations/` is not beside the package `server`; the message says where."""


def upgrade_database(settings: Settings) -> None:
    """Bring the database to the newest schema; several processes may call this at once.

    Raises MigrationsMissingError, sqlalchemy.exc.SQLAlchemyError.
    """
    with migration_connection(settings) as connection:
        command.upgrade(migration_config(connection), "head")


def migration_config(connection: Connection) -> Config:
    """Return the Alembic configuration for a connection; there is no alembic.ini."""
    if not (MIGRATIONS / "env.py").is_file():
        raise MigrationsMissingError(f"no migrations at {MIGRATIONS}; install with pip install -e")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def migration_connection(settings: Settings) -> Iterator[Connection]:
    """Give a connection in one transaction, while no other process migrates this database."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = make_engine(settings.database_url)
    if engine.dialect.name == "sqlite":
        _make_ddl_transactional(engine)
    try:
        with _file_lock(settings.home / "migrate.lock"), engine.connect() as connection:
            yield from _in_transaction(connection)
    finally:
        engine.dispose()


def _in_transaction(connection: Connection) -> Iterator[Connection]:
    if connection.dialect.name == "sqlite":
        # Altering a table in SQLite rebuilds it, which foreign keys would forbid.
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.commit()
    with connection.begin():
        if connection.dialect.name == "postgresql":
            lock = text("SELECT pg_advisory_xact_lock(:name)")
            connection.execute(lock, {"name": _ADVISORY_LOCK})
        yield connection


def _make_ddl_transactional(engine: Engine) -> None:
    """Let SQLAlchemy begin transactions, because sqlite3 itself commits before each DDL."""

    def leave_transactions_alone(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    event.listen(engine, "connect", leave_transactions_alone)
    event.listen(engine, "begin", begin)


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
