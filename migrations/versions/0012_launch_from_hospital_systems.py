"""Keep clients of hospital systems, their keys and their launches.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables."""
    _create_clients()
    _create_credentials()
    _create_tokens()
    _create_launches()


def _client_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["client_id"],
        ["institution_client.client_id"],
        name=op.f(f"fk_{table}_client_id_institution_client"),
    )


def _key(table: str, column: str, target: str, **extra: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target.partition('.')[0]}")
    return sa.ForeignKeyConstraint([column], [target], name=name, **extra)


def _create_clients() -> None:
    op.create_table(
        "institution_client",
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("origins", sa.JSON(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("disabled_at", _INSTANT, nullable=True),
        _key("institution_client", "institution_id", "institution.id"),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_institution_client")),
    )
    op.create_index(
        op.f("ix_institution_client_institution_id"), "institution_client", ["institution_id"]
    )


def _create_credentials() -> None:
    op.create_table(
        "client_credential",
        sa.Column("credential_id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=True),
        sa.Column("public_key", sa.JSON(), nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=True),
        _client_key("client_credential"),
        sa.PrimaryKeyConstraint("credential_id", name=op.f("pk_client_credential")),
    )
    op.create_index(op.f("ix_client_credential_client_id"), "client_credential", ["client_id"])
    op.create_table(
        "client_assertion",
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("jti_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        _client_key("client_assertion"),
        sa.PrimaryKeyConstraint("client_id", "jti_hash", name=op.f("pk_client_assertion")),
    )


def _create_tokens() -> None:
    op.create_table(
        "client_token",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("issued_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("revoked_at", _INSTANT, nullable=True),
        _client_key("client_token"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_client_token")),
    )
    op.create_index(op.f("ix_client_token_client_id"), "client_token", ["client_id"])


def _create_launches() -> None:
    op.create_table(
        "launch",
        sa.Column("launch_id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("physician_code", sa.String(length=64), nullable=False),
        sa.Column("physician_name", sa.String(length=100), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("patient_id", sa.String(length=64), nullable=False),
        sa.Column("encounter", sa.String(length=64), nullable=False),
        sa.Column("visit_type", sa.String(length=20), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("outside", sa.Boolean(), nullable=False),
        sa.Column("frame_origin", sa.String(length=200), nullable=False),
        sa.Column("study_id", sa.String(length=32), nullable=True),
        sa.Column("opens", sa.String(length=10), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("ticket_hash", sa.String(length=64), nullable=False),
        sa.Column("ticket_expires_at", _INSTANT, nullable=False),
        sa.Column("redeemed_at", _INSTANT, nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("confirmed_at", _INSTANT, nullable=True),
        sa.Column("last_seen_at", _INSTANT, nullable=True),
        sa.Column("expires_at", _INSTANT, nullable=True),
        sa.Column("ended_at", _INSTANT, nullable=True),
        _client_key("launch"),
        _key("launch", "institution_id", "institution.id"),
        _key("launch", "account_id", "account.id"),
        _key("launch", "person_id", "person.id"),
        _key("launch", "study_id", "study.study_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("launch_id", name=op.f("pk_launch")),
        sa.UniqueConstraint("ticket_hash", name=op.f("uq_launch_ticket_hash")),
    )
    op.create_index(op.f("ix_launch_account_id"), "launch", ["account_id"])
    op.create_index(op.f("ix_launch_client_id"), "launch", ["client_id"])


def downgrade() -> None:
    """Remove them."""
    for table in (
        "launch",
        "client_token",
        "client_assertion",
        "client_credential",
        "institution_client",
    ):
        op.drop_table(table)
