"""Keep the applications of front machines for the history of a visit.

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables."""
    op.add_column("cache_application", sa.Column("searched_at", _INSTANT, nullable=True))
    op.execute(
        "UPDATE cache_application SET state = 'requested' WHERE state IN ('received', 'local')"
    )
    _create_items()
    with op.batch_alter_table("cache_request") as request:
        request.alter_column("account_id", existing_type=sa.Integer(), nullable=True)
        request.alter_column("consent_id", existing_type=sa.String(length=32), nullable=True)
        request.add_column(sa.Column("caching_consent_id", sa.String(length=32), nullable=True))
        request.create_foreign_key(
            op.f("fk_cache_request_caching_consent_id_caching_consent"),
            "caching_consent",
            ["caching_consent_id"],
            ["consent_id"],
        )


def _create_items() -> None:
    op.create_table(
        "cache_item",
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.String(length=32), nullable=True),
        sa.Column("authorisation_id", sa.String(length=32), nullable=True),
        sa.Column("study_id", sa.String(length=32), nullable=True),
        sa.Column("remote_study_id", sa.String(length=32), nullable=True),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("release_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("failure", sa.String(length=40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("total_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.Column("next_try_at", _INSTANT, nullable=True),
        sa.Column("cached_at", _INSTANT, nullable=True),
        sa.Column("keep_until", _INSTANT, nullable=False),
        _key("institution_id", "institution.id"),
        _key("person_id", "person.id"),
        _key("application_id", "cache_application.application_id"),
        _key("authorisation_id", "authorisation.authorisation_id"),
        _key("study_id", "study.study_id"),
        _key("remote_study_id", "remote_study.remote_study_id"),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_cache_item")),
        sa.UniqueConstraint("application_id", "study_id", name="uq_cache_item_study"),
        sa.UniqueConstraint("application_id", "remote_study_id", name="uq_cache_item_remote"),
    )
    for column in (
        "institution_id", "person_id", "application_id", "authorisation_id", "study_id",
        "remote_study_id", "state", "keep_until",
    ):  # fmt: skip
        op.create_index(op.f(f"ix_cache_item_{column}"), "cache_item", [column])


def _key(column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_cache_item_{column}_{target.partition('.')[0]}")
    return sa.ForeignKeyConstraint([column], [target], name=name)


def downgrade() -> None:
    """Take them away."""
    op.execute("DELETE FROM cache_request WHERE consent_id IS NULL")
    with op.batch_alter_table("cache_request") as request:
        request.drop_constraint(
            op.f("fk_cache_request_caching_consent_id_caching_consent"), type_="foreignkey"
        )
        request.drop_column("caching_consent_id")
        request.alter_column("consent_id", existing_type=sa.String(length=32), nullable=False)
        request.alter_column("account_id", existing_type=sa.Integer(), nullable=False)
    op.drop_table("cache_item")
    op.drop_column("cache_application", "searched_at")
