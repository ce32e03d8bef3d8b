"""Keep what other provinces hold and what was applied for.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "outbox_entry",
        sa.Column("entry_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("about", sa.String(length=64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_outbox_entry")),
    )
    op.create_index(op.f("ix_outbox_entry_about"), "outbox_entry", ["about"])
    op.create_index(op.f("ix_outbox_entry_kind"), "outbox_entry", ["kind"])
    op.create_index(op.f("ix_outbox_entry_state"), "outbox_entry", ["state"])
    op.create_table(
        "remote_study",
        sa.Column("remote_study_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("centre", sa.String(length=60), nullable=False),
        sa.Column("cloud_index", sa.String(length=200), nullable=False),
        sa.Column("province_code", sa.String(length=6), nullable=False),
        sa.Column("province_name", sa.String(length=50), nullable=False),
        sa.Column("institution_code", sa.String(length=18), nullable=False),
        sa.Column("institution_name", sa.String(length=200), nullable=False),
        sa.Column("study_datetime", sa.DateTime(timezone=True), nullable=False),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("body_part", sa.String(length=64), nullable=False),
        sa.Column("exam_item", sa.String(length=200), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_remote_study_person_id_person")
        ),
        sa.PrimaryKeyConstraint("remote_study_id", name=op.f("pk_remote_study")),
        sa.UniqueConstraint("person_id", "cloud_index", name=op.f("uq_remote_study_person_id")),
    )
    op.create_table(
        "index_answer",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_index_answer_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_index_answer")),
    )
    op.create_table(
        "cache_request",
        sa.Column("remote_study_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("consent_id", sa.String(length=32), nullable=False),
        sa.Column("study_id", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total_bytes", sa.BigInteger(), nullable=False),
        sa.Column("failure", sa.String(length=40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_cache_request_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["remote_study_id"],
            ["remote_study.remote_study_id"],
            name=op.f("fk_cache_request_remote_study_id_remote_study"),
        ),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["consent.id"], name=op.f("fk_cache_request_consent_id_consent")
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["study.study_id"], name=op.f("fk_cache_request_study_id_study")
        ),
        sa.PrimaryKeyConstraint("remote_study_id", name=op.f("pk_cache_request")),
        sa.UniqueConstraint("study_id", name=op.f("uq_cache_request_study_id")),
    )
    op.create_index(op.f("ix_cache_request_account_id"), "cache_request", ["account_id"])
    op.create_index(op.f("ix_cache_request_state"), "cache_request", ["state"])
    op.create_table(
        "cache_release",
        sa.Column("release_id", sa.String(length=32), nullable=False),
        sa.Column("centre", sa.String(length=60), nullable=False),
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("consent_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_cache_release_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["study.study_id"], name=op.f("fk_cache_release_study_id_study")
        ),
        sa.PrimaryKeyConstraint("release_id", name=op.f("pk_cache_release")),
    )
    op.create_index(op.f("ix_cache_release_expires_at"), "cache_release", ["expires_at"])
    op.create_index(op.f("ix_cache_release_study_id"), "cache_release", ["study_id"])
    op.create_table(
        "seen_assertion",
        sa.Column("issuer", sa.String(length=60), nullable=False),
        sa.Column("jti", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "jti", name=op.f("pk_seen_assertion")),
    )
    op.create_index(op.f("ix_seen_assertion_expires_at"), "seen_assertion", ["expires_at"])
    op.create_table(
        "index_record",
        sa.Column("centre", sa.String(length=60), nullable=False),
        sa.Column("cloud_index", sa.String(length=200), nullable=False),
        sa.Column("certificate_type", sa.String(length=10), nullable=False),
        sa.Column("certificate_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("certificate_hash", sa.String(length=64), nullable=False),
        sa.Column("exam_datetime", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("body_part", sa.String(length=64), nullable=False),
        sa.Column("storage_unit", sa.String(length=18), nullable=False),
        sa.Column("hospital_level", sa.String(length=20), nullable=False),
        sa.Column("exam_item", sa.String(length=200), nullable=False),
        sa.Column("image_description_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("diagnosis_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("settlement_id", sa.String(length=64), nullable=False),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("institution_name", sa.String(length=200), nullable=False),
        sa.Column("province_code", sa.String(length=6), nullable=False),
        sa.Column("province_name", sa.String(length=50), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("centre", "cloud_index", name=op.f("pk_index_record")),
    )
    op.create_index(op.f("ix_index_record_certificate_hash"), "index_record", ["certificate_hash"])
    op.create_table(
        "index_entry",
        sa.Column("centre", sa.String(length=60), nullable=False),
        sa.Column("entry_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("about", sa.String(length=64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("centre", "entry_id", name=op.f("pk_index_entry")),
    )
    op.create_index(op.f("ix_index_entry_kind"), "index_entry", ["kind"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("index_entry")
    op.drop_table("index_record")
    op.drop_table("seen_assertion")
    op.drop_table("cache_release")
    op.drop_table("cache_request")
    op.drop_table("index_answer")
    op.drop_table("remote_study")
    op.drop_table("outbox_entry")
