"""`yingyun migrate`."""

from __future__ import annotations

import click

from server import settings
from server.cloud import upgrade_database


@click.command()
def migrate() -> None:
    """升级数据库结构 / Bring the database to the newest schema."""
    upgrade_database(settings.load())
    click.echo("数据库已是最新 / the database is up to date")
