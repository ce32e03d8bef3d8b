"""Know the licences of staff and devices, how often images are looked at, who opened accounts.

Revision ID: 0025
Revises: 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables."""
    _register(
        "staff_record",
        sa.Column("duty", sa.String(length=20), nullable=False),
        sa.Column("physician_code", sa.String(length=40), nullable=False),
        sa.Column("qualification", sa.String(length=60), nullable=False),
        sa.Column("practice_licence", sa.String(length=60), nullable=False),
        sa.Column("licence_until", sa.Date(), nullable=True),
        sa.Column("work_permit", sa.String(length=60), nullable=False),
        sa.Column("training_until", sa.Date(), nullable=True),
    )
    op.create_index(op.f("ix_staff_record_physician_code"), "staff_record", ["physician_code"])
    _register(
        "device_record",
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("device_code", sa.String(length=60), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("licence", sa.String(length=60), nullable=False),
        sa.Column("licence_until", sa.Date(), nullable=True),
        sa.Column("inspected_on", sa.Date(), nullable=True),
        sa.Column("inspection_until", sa.Date(), nullable=True),
    )
    op.create_table(
        "quality_plan",
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("duty", sa.String(length=20), nullable=False),
        sa.Column("sample_percent", sa.Integer(), nullable=False),
        sa.Column("within_days", sa.Integer(), nullable=False),
        sa.Column("changed_at", _INSTANT, nullable=False),
        _institution("quality_plan"),
        sa.PrimaryKeyConstraint("institution_id", "duty", name=op.f("pk_quality_plan")),
    )
    op.create_table(
        "account_opening",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=False),
        sa.Column("opened_at", _INSTANT, nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", _INSTANT, nullable=True),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        *(_account(column) for column in ("account_id", "opened_by", "decided_by")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_opening")),
    )


def _account(column: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_account_opening_{column}_account")
    return sa.ForeignKeyConstraint([column], ["account.id"], name=name)


def _register(table: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        table,
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        *columns,
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.Column("changed_at", _INSTANT, nullable=False),
        _institution(table),
        sa.PrimaryKeyConstraint("record_id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("institution_id", "number", name=op.f(f"uq_{table}_institution_id")),
    )


def _institution(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_institution_id_institution")
    return sa.ForeignKeyConstraint(["institution_id"], ["institution.id"], name=name)


def downgrade() -> None:
    """Take them away."""
    op.drop_table("account_opening")
    op.drop_table("quality_plan")
    op.drop_table("device_record")
    op.drop_index(op.f("ix_staff_record_physician_code"), "staff_record")
    op.drop_table("staff_record")
