"""Keep who may retrieve whose studies, and how that was authorised.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to add yet."""


def downgrade() -> None:
    """Nothing to remove."""
