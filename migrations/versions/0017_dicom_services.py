"""Serve DICOM peers: names as they were written, commitments to answer, hospitals' front machines.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_STUDY_COLUMNS = {"dicom_patient_name": 324, "referring_physician_name": 324, "dicom_study_id": 16}
_SERIES_COLUMNS = {
    "performed_procedure_step_start_date": 8,
    "performed_procedure_step_start_time": 16,
    "scheduled_procedure_step_id": 16,
    "requested_procedure_id": 16,
}
_INSTANCE_COLUMNS = ("rows", "columns", "bits_allocated")
_QUERIED = {
    "ix_study_institution_time": ("institution_id", "study_datetime", "study_id"),
    "ix_study_institution_patient": ("institution_id", "patient_id"),
    "ix_study_institution_accession": ("institution_id", "accession_number"),
}


def upgrade() -> None:
    """Add columns and tables."""
    _index_for_queries()
    _hand_to_viewers()
    for name, length in _STUDY_COLUMNS.items():
        column = sa.Column(name, sa.String(length=length), nullable=False, server_default="")
        op.add_column("study", column)
    op.create_table(
        "storage_commitment",
        sa.Column("commitment_id", sa.String(length=32), nullable=False),
        sa.Column("peer", sa.String(length=60), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("transaction_uid", sa.String(length=64), nullable=False),
        sa.Column("committed", sa.JSON(), nullable=False),
        sa.Column("failed", sa.JSON(), nullable=False),
        sa.Column("requested_at", _INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", _INSTANT, nullable=True),
        sa.Column("answered_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_storage_commitment_institution_id_institution"),
        ),
        sa.PrimaryKeyConstraint("commitment_id", name=op.f("pk_storage_commitment")),
    )
    for column_name in ("peer", "next_try_at"):
        index = op.f(f"ix_storage_commitment_{column_name}")
        op.create_index(index, "storage_commitment", [column_name])
    op.create_table(
        "gateway",
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("last_seen_at", _INSTANT, nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["institution_client.client_id"],
            name=op.f("fk_gateway_client_id_institution_client"),
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_gateway")),
    )


def _index_for_queries() -> None:
    """Keep what DICOM queries ask of series and instances, and find studies by what they name."""
    for name, length in _SERIES_COLUMNS.items():
        text = sa.Column(name, sa.String(length=length), nullable=False, server_default="")
        op.add_column("series", text)
    for name in _INSTANCE_COLUMNS:
        op.add_column("instance", sa.Column(name, sa.Integer(), nullable=True))
    for name, columns in _QUERIED.items():
        op.create_index(name, "study", list(columns))


def _hand_to_viewers() -> None:
    """Keep the tokens with which a viewer fetches one study."""
    op.create_table(
        "viewer_handoff",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("share_id", sa.String(length=32), nullable=True),
        sa.Column("launch_id", sa.String(length=32), nullable=True),
        sa.Column("series_ids", sa.JSON(), nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("revoked_at", _INSTANT, nullable=True),
        _key("study_id", "study.study_id"),
        _key("account_id", "account.id"),
        _key("share_id", "share.share_id"),
        _key("launch_id", "launch.launch_id"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_viewer_handoff")),
    )
    for name in ("study_id", "expires_at"):
        op.create_index(op.f(f"ix_viewer_handoff_{name}"), "viewer_handoff", [name])


def _key(column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_viewer_handoff_{column}_{target.partition('.')[0]}")
    return sa.ForeignKeyConstraint([column], [target], name=name, ondelete="CASCADE")


def downgrade() -> None:
    """Take them away."""
    op.drop_table("viewer_handoff")
    for name in _QUERIED:
        op.drop_index(name, "study")
    for name in _INSTANCE_COLUMNS:
        op.drop_column("instance", name)
    for name in _SERIES_COLUMNS:
        op.drop_column("series", name)
    op.drop_table("gateway")
    op.drop_table("storage_commitment")
    for name in _STUDY_COLUMNS:
        op.drop_column("study", name)
