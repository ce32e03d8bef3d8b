"""Keep who judges the quality of images by eye, and what was found.

Tasks to send again have their table since 0013.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "quality_duty",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("duty", sa.String(length=20), nullable=False),
        sa.Column("given_at", _INSTANT, nullable=False),
        _key("quality_duty", "account_id", "account.id"),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_quality_duty")),
    )
    op.create_table(
        "manual_judgement",
        sa.Column("judgement_id", sa.String(length=32), nullable=False),
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("duty", sa.String(length=20), nullable=False),
        sa.Column("result_version", sa.Integer(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("grade", sa.String(length=1), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("judged_at", _INSTANT, nullable=False),
        _key("manual_judgement", "study_id", "study.study_id", "CASCADE"),
        _key("manual_judgement", "account_id", "account.id"),
        sa.PrimaryKeyConstraint("judgement_id", name=op.f("pk_manual_judgement")),
    )
    op.create_index(op.f("ix_manual_judgement_study_id"), "manual_judgement", ["study_id"])


def _key(
    table: str, column: str, target: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target.partition('.')[0]}")
    return sa.ForeignKeyConstraint([column], [target], name=name, ondelete=ondelete)


def downgrade() -> None:
    """Take them away."""
    op.drop_table("manual_judgement")
    op.drop_table("quality_duty")
