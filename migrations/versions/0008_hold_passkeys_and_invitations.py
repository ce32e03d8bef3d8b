"""Hold passkeys, recovery codes and invitations between family members.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to add yet."""


def downgrade() -> None:
    """Nothing to remove."""
