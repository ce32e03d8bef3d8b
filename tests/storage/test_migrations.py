"""The migrated schema is the one of the models, both ways, however many processes start."""

from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from server.cloud import open_cloud, upgrade_database
from server.migrate import migration_config, migration_connection
from server.model import Base
from server.settings import Settings


def schema_of(path: Path) -> dict[tuple[str, str], str]:
    """Return tables, indices and triggers; the text of what no ORM compares."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT type, name, sql FROM sqlite_master")
        return {
            (kind, name): " ".join(sql.split()) if kind == "trigger" else ""
            for kind, name, sql in rows
            if name != "alembic_version" and not name.startswith("sqlite_")
        }


def test_the_migrated_schema_is_the_schema_of_the_models(chosen: Settings, tmp_path: Path) -> None:
    upgrade_database(chosen)
    with migration_connection(chosen) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine = create_engine(f"sqlite:///{tmp_path / 'models.db'}")
    Base.metadata.create_all(engine)
    migrated = schema_of(chosen.home / "yingyun.db")
    assert migrated == schema_of(tmp_path / "models.db")
    assert any(kind == "trigger" for kind, _ in migrated), "the audit guards must be there"


def test_the_comparison_would_see_a_missing_column(chosen: Settings) -> None:
    upgrade_database(chosen)
    with migration_connection(chosen) as connection:
        connection.exec_driver_sql("ALTER TABLE study DROP COLUMN sensitivity")
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) != []


def test_down_and_up_again(chosen: Settings) -> None:
    upgrade_database(chosen)
    before = schema_of(chosen.home / "yingyun.db")
    with migration_connection(chosen) as connection:
        command.downgrade(migration_config(connection), "base")
    assert schema_of(chosen.home / "yingyun.db") == {}
    upgrade_database(chosen)
    assert schema_of(chosen.home / "yingyun.db") == before


def test_a_second_upgrade_changes_nothing_and_loses_nothing(chosen: Settings) -> None:
    upgrade_database(chosen)
    cloud = open_cloud(chosen)
    with cloud.database.session() as session:
        key_id = cloud.vault.new_data_key(session).id
    upgrade_database(chosen)
    with sqlite3.connect(chosen.home / "yingyun.db") as connection:
        assert connection.execute("SELECT id FROM data_key").fetchall() == [(key_id,)]


def test_a_migration_that_fails_changes_nothing(chosen: Settings) -> None:
    with pytest.raises(RuntimeError, match="power"), migration_connection(chosen) as connection:
        command.upgrade(migration_config(connection), "head")
        assert inspect(connection).get_table_names()
        raise RuntimeError("power failure")
    assert schema_of(chosen.home / "yingyun.db") == {}


def test_processes_that_start_together_migrate_once(chosen: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    starters = [context.Process(target=upgrade_database, args=(chosen,)) for _ in range(3)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(60)
    assert [starter.exitcode for starter in starters] == [0, 0, 0]
    with sqlite3.connect(chosen.home / "yingyun.db") as connection:
        assert len(connection.execute("SELECT * FROM alembic_version").fetchall()) == 1
