"""Keep quality results of studies, supplement tasks and digests of pixels.

The number was kept for this before 0014 was there; it follows 0014, so that databases which have
passed that one get these tables too.

Revision ID: 0013
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0014"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables."""
    _create_results()
    _create_tasks()
    _create_digests()


def _key(table: str, column: str, target: str, **extra: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target.partition('.')[0]}")
    return sa.ForeignKeyConstraint([column], [target], name=name, **extra)


def _create_results() -> None:
    op.create_table(
        "quality_result",
        sa.Column("result_id", sa.String(length=32), nullable=False),
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("input_sha256", sa.String(length=64), nullable=False),
        sa.Column("rules_version", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("grade", sa.String(length=1), nullable=False),
        sa.Column("grade_rule", sa.String(length=60), nullable=False),
        sa.Column("completeness", sa.Integer(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("dimensions", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("judged_at", _INSTANT, nullable=False),
        _key("quality_result", "study_id", "study.study_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("result_id", name=op.f("pk_quality_result")),
        sa.UniqueConstraint("study_id", "version", name=op.f("uq_quality_result_study_id")),
    )
    op.create_index(op.f("ix_quality_result_study_id"), "quality_result", ["study_id"])


def _create_tasks() -> None:
    op.create_table(
        "supplement_task",
        sa.Column("task_id", sa.String(length=32), nullable=False),
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("result_id", sa.String(length=32), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("opened_at", _INSTANT, nullable=False),
        sa.Column("closed_at", _INSTANT, nullable=True),
        _key("supplement_task", "study_id", "study.study_id", ondelete="CASCADE"),
        _key("supplement_task", "institution_id", "institution.id"),
        _key("supplement_task", "result_id", "quality_result.result_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_supplement_task")),
    )
    op.create_index(op.f("ix_supplement_task_study_id"), "supplement_task", ["study_id"])
    op.create_index(
        op.f("ix_supplement_task_institution_id"), "supplement_task", ["institution_id"]
    )


def _create_digests() -> None:
    op.create_table(
        "pixel_digest",
        sa.Column("instance_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        _key("pixel_digest", "instance_id", "instance.id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_pixel_digest")),
    )
    op.create_index(op.f("ix_pixel_digest_sha256"), "pixel_digest", ["sha256"])


def downgrade() -> None:
    """Remove them."""
    for table in ("pixel_digest", "supplement_task", "quality_result"):
        op.drop_table(table)
