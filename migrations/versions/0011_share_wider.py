"""Keep labels, watermarks, notices of shares and downloads.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to add yet."""


def downgrade() -> None:
    """Nothing to remove."""
