"""Remember how someone works with the viewer, and how urgent a study was.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the column."""
    op.create_table(
        "account_preference",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("fk_account_preference_account_id_account"),
        ),
        sa.PrimaryKeyConstraint("account_id", "name", name=op.f("pk_account_preference")),
    )
    op.add_column(
        "study", sa.Column("priority", sa.String(length=16), nullable=False, server_default="")
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_column("study", "priority")
    op.drop_table("account_preference")
