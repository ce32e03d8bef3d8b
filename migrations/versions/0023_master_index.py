"""Keep the regional master index, what a hospital's RIS tells of examinations, and what sensors
and AI services send.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_STUDY_COLUMNS = (("device", 200), ("method", 200), ("image_number", 64))


def upgrade() -> None:
    """Add the tables and columns."""
    for name, length in _STUDY_COLUMNS:
        op.add_column(
            "study", sa.Column(name, sa.String(length=length), nullable=False, server_default="")
        )
    op.add_column("report", sa.Column("indicators", sa.JSON(), nullable=False, server_default="[]"))
    _exam_record()
    _master_index()
    _external_record()


def _exam_record() -> None:
    op.create_table(
        "exam_record",
        sa.Column("exam_id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        _text("accession_number", 64),
        _text("client_id", 32),
        _text("study_uid", 64),
        sa.Column("person_id", sa.Integer(), nullable=True),
        _text("patient_id", 64),
        _text("medical_record_number", 64),
        _text("image_number", 64),
        _text("patient_name", 200),
        _text("patient_sex", 16),
        _text("patient_age", 16),
        _text("application_number", 64),
        sa.Column("requested_at", _INSTANT, nullable=True),
        _text("department", 100),
        _text("requesting_physician", 100),
        sa.Column("chief_complaint", sa.Text(), nullable=False),
        sa.Column("clinical_diagnosis", sa.Text(), nullable=False),
        _text("modality", 16),
        _text("body_part", 64),
        _text("method", 200),
        _text("exam_item", 200),
        sa.Column("told_at", _INSTANT, nullable=False),
        _key("exam_record", "institution_id", "institution.id"),
        _key("exam_record", "client_id", "institution_client.client_id"),
        _key("exam_record", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("exam_id", name=op.f("pk_exam_record")),
        sa.UniqueConstraint(
            "institution_id", "accession_number", name=op.f("uq_exam_record_institution_id")
        ),
    )
    op.create_index(op.f("ix_exam_record_study_uid"), "exam_record", ["study_uid"])
    op.create_index(op.f("ix_exam_record_person_id"), "exam_record", ["person_id"])


def _master_index() -> None:
    op.create_table(
        "master_index",
        _text("entry_id", 32),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        _text("id_number_hash", 64),
        _text("accession_number", 64),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("platform_index", sa.String(length=128), nullable=True),
        sa.Column("entered_at", _INSTANT, nullable=False),
        sa.Column("assigned_at", _INSTANT, nullable=True),
        _key("master_index", "institution_id", "institution.id"),
        _key("master_index", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_master_index")),
        sa.UniqueConstraint(
            "institution_id",
            "id_number_hash",
            "accession_number",
            name=op.f("uq_master_index_institution_id"),
        ),
        sa.UniqueConstraint("platform_index", name=op.f("uq_master_index_platform_index")),
    )
    op.create_index(op.f("ix_master_index_person_id"), "master_index", ["person_id"])


def _external_record() -> None:
    op.create_table(
        "external_record",
        _text("record_id", 32),
        _text("kind", 10),
        _text("client_id", 32),
        _text("external_id", 64),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        _text("content_hash", 64),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", _INSTANT, nullable=False),
        _key("external_record", "client_id", "institution_client.client_id"),
        _key("external_record", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_external_record")),
        sa.UniqueConstraint(
            "client_id", "kind", "external_id", name=op.f("uq_external_record_client_id")
        ),
    )
    op.create_index(op.f("ix_external_record_person_id"), "external_record", ["person_id"])
    op.create_index(op.f("ix_external_record_at"), "external_record", ["at"])


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target.partition('.')[0]}")
    return sa.ForeignKeyConstraint([column], [target], name=name)


def downgrade() -> None:
    """Take them away."""
    op.drop_table("external_record")
    op.drop_table("master_index")
    op.drop_table("exam_record")
    op.drop_column("report", "indicators")
    for name, _length in _STUDY_COLUMNS:
        op.drop_column("study", name)
