"""On PostgreSQL, too, the migrated schema is the one of the models, and goes down and up again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from server.cloud import upgrade_database
from server.migrate import migration_config, migration_connection
from server.model import Base
from server.settings import Settings
from tests.postgresql import is_installed, running_postgresql


def test_the_migrated_schema_is_the_schema_of_the_models(chosen: Settings) -> None:
    if not is_installed():
        pytest.skip("PostgreSQL is not installed")
    with running_postgresql() as url:
        settings = replace(chosen, database_url=url)
        for _ in range(2):
            upgrade_database(settings)
            with migration_connection(settings) as connection:
                context = MigrationContext.configure(connection, opts={"compare_type": True})
                assert compare_metadata(context, Base.metadata) == []
                command.downgrade(migration_config(connection), "base")
