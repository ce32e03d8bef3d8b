"""Hold what the hospital's story adds: cache applications, registered physicians, launched orders.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables, and bind orders to send to the launch in which they were given."""
    _create_applications()
    _create_physicians()
    op.add_column(
        "launch", sa.Column("list_filter", sa.JSON(), nullable=False, server_default="{}")
    )
    with op.batch_alter_table("sending") as sending:
        sending.add_column(sa.Column("launch_id", sa.String(length=32), nullable=True))
        sending.create_foreign_key(
            op.f("fk_sending_launch_id_launch"),
            "launch",
            ["launch_id"],
            ["launch_id"],
            ondelete="CASCADE",
        )
    op.create_index(op.f("ix_sending_launch_id"), "sending", ["launch_id"])


def _key(
    table: str, column: str, target: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target.partition('.')[0]}")
    return sa.ForeignKeyConstraint([column], [target], name=name, ondelete=ondelete)


def _create_applications() -> None:
    op.create_table(
        "cache_application",
        sa.Column("application_id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("consent_id", sa.String(length=32), nullable=False),
        sa.Column("encounter", sa.String(length=64), nullable=False),
        sa.Column("department", sa.String(length=100), nullable=False),
        sa.Column("visit_type", sa.String(length=20), nullable=False),
        sa.Column("visit_at", _INSTANT, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("failure", sa.String(length=40), nullable=False),
        sa.Column("local_studies", sa.Integer(), nullable=False),
        sa.Column("remote_studies", sa.Integer(), nullable=False),
        sa.Column("applied_at", _INSTANT, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.Column("keep_until", _INSTANT, nullable=False),
        _key("cache_application", "client_id", "institution_client.client_id"),
        _key("cache_application", "institution_id", "institution.id"),
        _key("cache_application", "person_id", "person.id"),
        _key("cache_application", "consent_id", "caching_consent.consent_id"),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_cache_application")),
        sa.UniqueConstraint(
            "institution_id",
            "person_id",
            "encounter",
            name=op.f("uq_cache_application_institution_id"),
        ),
    )
    for column in ("institution_id", "person_id", "applied_at"):
        op.create_index(op.f(f"ix_cache_application_{column}"), "cache_application", [column])


def _create_physicians() -> None:
    op.create_table(
        "physician_registration",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("licence_number", sa.String(length=15), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("checked_at", _INSTANT, nullable=False),
        _key("physician_registration", "account_id", "account.id", "CASCADE"),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_physician_registration")),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_index(op.f("ix_sending_launch_id"), "sending")
    with op.batch_alter_table("sending") as sending:
        sending.drop_constraint(op.f("fk_sending_launch_id_launch"), type_="foreignkey")
        sending.drop_column("launch_id")
    op.drop_column("launch", "list_filter")
    op.drop_table("physician_registration")
    op.drop_table("cache_application")
