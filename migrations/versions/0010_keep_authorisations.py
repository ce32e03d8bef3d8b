"""Keep who may retrieve whose studies, and how that was authorised.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _refers(table: str, column: str, target: str, target_column: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.{target_column}"], name=name)


def upgrade() -> None:
    """Add the tables."""
    _add_authorisation()
    op.create_table(
        "patient_code",
        _text("code_hash", 64),
        _number("person_id"),
        _number("account_id"),
        _instant("created_at"),
        _instant("expires_at"),
        _instant("used_at", nullable=True),
        _refers("patient_code", "person_id", "person", "id"),
        _refers("patient_code", "account_id", "account", "id"),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_patient_code")),
    )
    op.create_index(op.f("ix_patient_code_person_id"), "patient_code", ["person_id"])
    op.create_table(
        "caching_consent",
        _text("consent_id", 32),
        _number("person_id"),
        _number("institution_id"),
        _text("encounter", 64),
        _text("text_version", 20),
        _text("text_sha256", 64),
        _instant("given_at"),
        _instant("withdrawn_at", nullable=True),
        _refers("caching_consent", "person_id", "person", "id"),
        _refers("caching_consent", "institution_id", "institution", "id"),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_caching_consent")),
    )
    for column in ("person_id", "institution_id"):
        op.create_index(op.f(f"ix_caching_consent_{column}"), "caching_consent", [column])


def _add_authorisation() -> None:
    op.create_table(
        "authorisation",
        _text("authorisation_id", 32),
        _number("person_id"),
        _number("institution_id"),
        _number("account_id"),
        _text("encounter", 64),
        _text("purpose", 20),
        _text("method", 30),
        _text("state", 20),
        _text("scope_kind", 20),
        _text("scope_value", 64),
        sa.Column("evidence", sa.JSON(), nullable=False),
        _text("document_key", 200, nullable=True),
        _text("document_data_key_id", 32, nullable=True),
        _text("code_hash", 64, nullable=True),
        _instant("code_expires_at", nullable=True),
        _number("code_tries"),
        _instant("requested_at"),
        _instant("answer_by"),
        _instant("decided_at", nullable=True),
        _number("decided_by", nullable=True),
        _instant("expires_at", nullable=True),
        _instant("withdrawn_at", nullable=True),
        _instant("notice_accepted_at", nullable=True),
        _text("review", 20),
        _instant("reviewed_at", nullable=True),
        _number("reviewed_by", nullable=True),
        _text("review_note", 200),
        _refers("authorisation", "person_id", "person", "id"),
        _refers("authorisation", "institution_id", "institution", "id"),
        _refers("authorisation", "account_id", "account", "id"),
        _refers("authorisation", "document_data_key_id", "data_key", "id"),
        _refers("authorisation", "decided_by", "account", "id"),
        _refers("authorisation", "reviewed_by", "account", "id"),
        sa.PrimaryKeyConstraint("authorisation_id", name=op.f("pk_authorisation")),
    )
    for column in ("person_id", "institution_id", "account_id"):
        op.create_index(op.f(f"ix_authorisation_{column}"), "authorisation", [column])


def downgrade() -> None:
    """Remove them."""
    for table in ("caching_consent", "patient_code", "authorisation"):
        op.drop_table(table)
