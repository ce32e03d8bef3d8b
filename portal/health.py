"""Is the process alive, and can it serve: for load balancers and the demo."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Response, jsonify
from sqlalchemy import text

from portal.context import current_cloud
from portal.decisions import public_data
from server.assets.catalog import AssetCatalog
from server.cloud import ImageCloud
from server.migrate import migration_config

log = structlog.get_logger("portal")
blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public_data
def alive() -> Response:
    """Answer as long as the process does."""
    return jsonify(status="ok")


def _database(cloud: ImageCloud) -> None:
    with cloud.database.session() as session:
        session.execute(text("SELECT 1"))


def _schema(cloud: ImageCloud) -> None:
    with cloud.database.engine.connect() as connection:
        newest = ScriptDirectory.from_config(migration_config(connection)).get_current_head()
        if MigrationContext.configure(connection).get_current_revision() != newest:
            raise RuntimeError("the database schema is not the newest; run yingyun migrate")


def _store(cloud: ImageCloud) -> None:
    cloud.vault.store.exists("readyz")


def _queue(cloud: ImageCloud) -> None:
    cloud.jobs.huey.pending_count()


def _assets(cloud: ImageCloud) -> None:
    AssetCatalog(cloud.settings.assets_dir)


CHECKS: dict[str, Callable[[ImageCloud], None]] = {
    "database": _database,
    "schema": _schema,
    "store": _store,
    "queue": _queue,
    "assets": _assets,
}


@blueprint.get("/readyz")
@public_data
def ready() -> tuple[Response, int]:
    """Say of each thing that serving needs whether it is there; 503 when one is not."""
    results = {}
    for name, check in CHECKS.items():
        try:
            check(current_cloud())
            results[name] = "ok"
        except Exception as error:  # whatever it is, the answer is "not ready"
            log.warning("not_ready", check=name, error=type(error).__name__)
            results[name] = "failed"
    healthy = all(result == "ok" for result in results.values())
    return jsonify(status="ok" if healthy else "failed", checks=results), 200 if healthy else 503
