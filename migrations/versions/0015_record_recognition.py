"""Record reminders with what became of them, and citations.

Revision ID: 0015
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables."""
    _create_reminders()
    _create_citations()


def _key(
    table: str, column: str, target: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target.partition('.')[0]}")
    return sa.ForeignKeyConstraint([column], [target], name=name, ondelete=ondelete)


def _create_reminders() -> None:
    op.create_table(
        "reminder",
        sa.Column("reminder_id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("physician_code", sa.String(length=64), nullable=False),
        sa.Column("encounter", sa.String(length=64), nullable=False),
        sa.Column("order_number", sa.String(length=64), nullable=False),
        sa.Column("exam_item", sa.String(length=200), nullable=False),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("body_part", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=64), nullable=False),
        sa.Column("offered", sa.JSON(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("cloud_index", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("decided_at", _INSTANT, nullable=True),
        _key("reminder", "client_id", "institution_client.client_id"),
        _key("reminder", "institution_id", "institution.id"),
        _key("reminder", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("reminder_id", name=op.f("pk_reminder")),
    )
    for column in ("institution_id", "person_id", "created_at", "cloud_index"):
        op.create_index(op.f(f"ix_reminder_{column}"), "reminder", [column])


def _create_citations() -> None:
    op.create_table(
        "citation",
        sa.Column("citation_id", sa.String(length=32), nullable=False),
        sa.Column("study_id", sa.String(length=32), nullable=True),
        sa.Column("report_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("cloud_index", sa.String(length=200), nullable=False),
        sa.Column("report_version", sa.Integer(), nullable=False),
        sa.Column("reporting_physician", sa.String(length=100), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("launch_id", sa.String(length=32), nullable=True),
        sa.Column("physician_code", sa.String(length=64), nullable=False),
        sa.Column("physician_name", sa.String(length=100), nullable=False),
        sa.Column("encounter", sa.String(length=64), nullable=False),
        sa.Column("text_sha256", sa.String(length=64), nullable=False),
        sa.Column("cited_at", _INSTANT, nullable=False),
        _key("citation", "study_id", "study.study_id", "SET NULL"),
        _key("citation", "report_id", "report.id", "SET NULL"),
        _key("citation", "person_id", "person.id"),
        _key("citation", "institution_id", "institution.id"),
        _key("citation", "account_id", "account.id"),
        _key("citation", "launch_id", "launch.launch_id", "SET NULL"),
        sa.PrimaryKeyConstraint("citation_id", name=op.f("pk_citation")),
    )
    for column in ("study_id", "person_id", "institution_id", "account_id", "cited_at"):
        op.create_index(op.f(f"ix_citation_{column}"), "citation", [column])


def downgrade() -> None:
    """Remove the tables."""
    op.drop_table("citation")
    op.drop_table("reminder")
