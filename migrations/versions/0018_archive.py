"""Keep the archive's tiers, copies, keys, decisions and alarms.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables."""
    _create_alarms()
    _create_volumes()
    _create_keys()
    _create_decisions()


def _create_alarms() -> None:
    op.create_table(
        "alarm",
        sa.Column("alarm_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("opened_at", _INSTANT, nullable=False),
        sa.Column("last_seen_at", _INSTANT, nullable=False),
        sa.Column("closed_at", _INSTANT, nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("alarm_id", name=op.f("pk_alarm")),
    )
    op.create_index(op.f("ix_alarm_opened_at"), "alarm", ["opened_at"])
    op.create_index("ix_alarm_same", "alarm", ["kind", "subject", "closed_at"])


def _create_volumes() -> None:
    op.create_table(
        "storage_volume",
        sa.Column("volume_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("tier", sa.String(length=10), nullable=False),
        sa.Column("writable", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("alarm_percent", sa.Integer(), server_default="70", nullable=False),
        sa.Column("capacity_bytes", sa.BigInteger(), nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("volume_id", name=op.f("pk_storage_volume")),
        sa.UniqueConstraint("name", name=op.f("uq_storage_volume_name")),
    )
    op.create_table(
        "study_archive",
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.Column("tier", sa.String(length=10), nullable=False),
        sa.Column("volume_id", sa.String(length=32), nullable=True),
        sa.Column("moved_at", _INSTANT, nullable=True),
        sa.Column("sources_cleared", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("last_accessed_at", _INSTANT, nullable=True),
        sa.Column("hot_until", _INSTANT, nullable=True),
        sa.Column("encounter_class", sa.String(length=20), nullable=False),
        sa.Column("completed_at", _INSTANT, nullable=True),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.Column("legal_hold", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("erased_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["study_id"],
            ["study.study_id"],
            name=op.f("fk_study_archive_study_id_study"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["volume_id"],
            ["storage_volume.volume_id"],
            name=op.f("fk_study_archive_volume_id_storage_volume"),
        ),
        sa.PrimaryKeyConstraint("study_id", name=op.f("pk_study_archive")),
    )
    op.create_index(op.f("ix_study_archive_tier"), "study_archive", ["tier"])
    op.create_table(
        "replica_copy",
        sa.Column("instance_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("copied_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instance.id"],
            name=op.f("fk_replica_copy_instance_id_instance"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_replica_copy")),
    )
    op.create_table(
        "archive_progress",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_archive_progress")),
    )


def _create_keys() -> None:
    op.create_table(
        "institution_key",
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("data_key_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("retired_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["data_key_id"], ["data_key.id"], name=op.f("fk_institution_key_data_key_id_data_key")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_institution_key_institution_id_institution"),
        ),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_institution_key")),
    )
    op.create_index(
        op.f("ix_institution_key_institution_id"), "institution_key", ["institution_id"]
    )


def _create_decisions() -> None:
    op.create_table(
        "archive_decision",
        sa.Column("decision_id", sa.String(length=32), nullable=False),
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_at", _INSTANT, nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["account.id"], name=op.f("fk_archive_decision_decided_by_account")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["account.id"], name=op.f("fk_archive_decision_proposed_by_account")
        ),
        sa.ForeignKeyConstraint(
            ["study_id"],
            ["study.study_id"],
            name=op.f("fk_archive_decision_study_id_study"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_archive_decision")),
    )
    op.create_index(op.f("ix_archive_decision_proposed_at"), "archive_decision", ["proposed_at"])
    op.create_index(op.f("ix_archive_decision_study_id"), "archive_decision", ["study_id"])
    op.create_table(
        "recall",
        sa.Column("recall_id", sa.String(length=32), nullable=False),
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("requested_at", _INSTANT, nullable=False),
        sa.Column("due_at", _INSTANT, nullable=False),
        sa.Column("finished_at", _INSTANT, nullable=True),
        sa.Column("failure", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_recall_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["study_id"],
            ["study.study_id"],
            name=op.f("fk_recall_study_id_study"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("recall_id", name=op.f("pk_recall")),
    )
    op.create_index(op.f("ix_recall_state"), "recall", ["state"])
    op.create_index(op.f("ix_recall_study_id"), "recall", ["study_id"])


def downgrade() -> None:
    """Take them away."""
    for table in (
        "recall",
        "archive_decision",
        "institution_key",
        "archive_progress",
        "replica_copy",
        "study_archive",
        "storage_volume",
        "alarm",
    ):
        op.drop_table(table)
