"""Keep the steps of exams, how far their upload is, and the chains and versions of front machines.

Revision ID: 0024
Revises: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables."""
    _add_front_machines()
    _add_exams()


def _add_front_machines() -> None:
    op.create_table(
        "gateway_reception",
        sa.Column("chain_id", sa.String(length=32), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("received_sha256", sa.String(length=64), nullable=False),
        sa.Column("stored_sha256", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("link", sa.String(length=64), nullable=False),
        sa.Column("verified_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["institution_client.client_id"],
            name=op.f("fk_gateway_reception_client_id_institution_client"),
        ),
        sa.PrimaryKeyConstraint("chain_id", "sequence", name=op.f("pk_gateway_reception")),
    )
    op.create_index(op.f("ix_gateway_reception_client_id"), "gateway_reception", ["client_id"])
    op.create_index(
        op.f("ix_gateway_reception_sop_instance_uid"), "gateway_reception", ["sop_instance_uid"]
    )
    op.create_table(
        "gateway_release",
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.String(length=100), nullable=False),
        sa.Column("added_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_gateway_release")),
    )
    op.create_table(
        "gateway_upgrade",
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("offered_at", _INSTANT, nullable=False),
        sa.Column("told_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["institution_client.client_id"],
            name=op.f("fk_gateway_upgrade_client_id_institution_client"),
        ),
        sa.ForeignKeyConstraint(
            ["version"],
            ["gateway_release.version"],
            name=op.f("fk_gateway_upgrade_version_gateway_release"),
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_gateway_upgrade")),
    )


def _add_exams() -> None:
    op.create_table(
        "exam_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("accession_number", sa.String(length=64), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("happened_at", _INSTANT, nullable=False),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_exam_step_institution_id_institution"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exam_step")),
        sa.UniqueConstraint(
            "institution_id",
            "accession_number",
            "stage",
            "happened_at",
            name=op.f("uq_exam_step_institution_id"),
        ),
    )
    op.create_table(
        "exam_upload",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("accession_number", sa.String(length=64), nullable=False),
        sa.Column("listed_at", _INSTANT, nullable=True),
        sa.Column("exam_date", sa.Date(), nullable=True),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("image_count", sa.Integer(), nullable=False),
        sa.Column("settled_at", _INSTANT, nullable=True),
        sa.Column("deadline_at", _INSTANT, nullable=True),
        sa.Column("images_at", _INSTANT, nullable=True),
        sa.Column("report_at", _INSTANT, nullable=True),
        sa.Column("settlement_at", _INSTANT, nullable=True),
        sa.Column("completed_at", _INSTANT, nullable=True),
        sa.Column("opened_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_exam_upload_institution_id_institution"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exam_upload")),
        sa.UniqueConstraint(
            "institution_id", "accession_number", name=op.f("uq_exam_upload_institution_id")
        ),
    )
    op.create_index(op.f("ix_exam_upload_completed_at"), "exam_upload", ["completed_at"])
    op.create_index("ix_exam_upload_day", "exam_upload", ["institution_id", "exam_date"])
    op.create_index(op.f("ix_exam_upload_deadline_at"), "exam_upload", ["deadline_at"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("exam_upload")
    op.drop_table("exam_step")
    op.drop_table("gateway_upgrade")
    op.drop_table("gateway_release")
    op.drop_table("gateway_reception")
