"""Mark how sensitive reports and persons are; know which report an archive holds, which password
is temporary, and what the index module has to be told.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    for table in ("person", "report"):
        op.add_column(
            table,
            sa.Column(
                "sensitivity", sa.String(length=20), nullable=False, server_default="personal"
            ),
        )
    op.add_column("download", sa.Column("report_id", sa.Integer(), nullable=True))
    op.add_column(
        "account",
        sa.Column("temporary_credential", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "study",
        sa.Column("announce_due", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    op.create_index(op.f("ix_study_announce_due"), "study", ["announce_due"])


def downgrade() -> None:
    """Take them away."""
    op.drop_index(op.f("ix_study_announce_due"), "study")
    for table, column in (
        ("study", "announce_due"),
        ("account", "temporary_credential"),
        ("download", "report_id"),
        ("report", "sensitivity"),
        ("person", "sensitivity"),
    ):
        op.drop_column(table, column)
