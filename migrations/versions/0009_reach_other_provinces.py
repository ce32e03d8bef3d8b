"""Keep what other provinces hold and what was applied for.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to add yet."""


def downgrade() -> None:
    """Nothing to remove."""
