"""Find a person's studies in the order of the time line; say who chose digital film.

Revision ID: 0014
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add indices and column; the index on the person alone is a part of the new ones."""
    op.add_column(
        "study",
        sa.Column("digital_film", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    op.create_index("ix_study_time_line", "study", ["person_id", "study_datetime", "study_id"])
    op.create_index(
        "ix_study_differences", "study", ["person_id", "institution_id", "modality", "body_part"]
    )
    op.drop_index("ix_study_person_id", "study")


def downgrade() -> None:
    """Remove them."""
    op.create_index("ix_study_person_id", "study", ["person_id"])
    op.drop_index("ix_study_differences", "study")
    op.drop_index("ix_study_time_line", "study")
    op.drop_column("study", "digital_film")
