"""Keep quality results of studies.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to add yet."""


def downgrade() -> None:
    """Nothing to remove."""
