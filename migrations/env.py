"""Alembic's environment: works on the connection that `server.migrate` hands over."""

from typing import Any

from alembic import context

from server.model import Base, UtcDateTime


def render_type(kind: str, column_type: Any, _autogenerate: Any) -> str | bool:
    """Write our column types as plain ones: a migration must not change with the model."""
    if kind == "type" and isinstance(column_type, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=context.config.attributes.get("render_as_batch", True),
    render_item=render_type,
)
with context.begin_transaction():
    context.run_migrations()
