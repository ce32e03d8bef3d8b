"""Keep labels, watermarks, notices of shares and downloads.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_SHARE = ("recipient_code_expires_at", "recipient_code_hash", "recipient_phone_sealed", "watermark",
          "paused_at")  # fmt: skip


def upgrade() -> None:
    """Add the columns and the tables."""
    op.add_column("share", sa.Column("paused_at", _INSTANT, nullable=True))
    op.add_column(
        "share", sa.Column("watermark", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("share", sa.Column("recipient_phone_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("share", sa.Column("recipient_code_hash", sa.String(length=64), nullable=True))
    op.add_column("share", sa.Column("recipient_code_expires_at", _INSTANT, nullable=True))
    op.add_column(
        "share_visit",
        sa.Column("place", sa.String(length=20), nullable=False, server_default=""),
    )
    op.create_table(
        "share_failure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("share_id", sa.String(length=32), nullable=False),
        sa.Column("time", _INSTANT, nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("device_class", sa.String(length=20), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["share_id"], ["share.share_id"], name=op.f("fk_share_failure_share_id_share")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share_failure")),
    )
    op.create_index(op.f("ix_share_failure_share_id"), "share_failure", ["share_id"])
    _create_downloads()


def _create_downloads() -> None:
    op.create_table(
        "download",
        sa.Column("download_id", sa.String(length=32), nullable=False),
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("packed", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("object_prefix", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("failure", sa.String(length=40), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("ready_at", _INSTANT, nullable=True),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("revoked_at", _INSTANT, nullable=True),
        sa.Column("removed_at", _INSTANT, nullable=True),
        sa.Column("max_openings", sa.Integer(), nullable=False),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("failed_tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["study_id"], ["study.study_id"], name=op.f("fk_download_study_id_study")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_download_account_id_account")
        ),
        sa.PrimaryKeyConstraint("download_id", name=op.f("pk_download")),
    )
    op.create_index(op.f("ix_download_account_id"), "download", ["account_id"])
    op.create_index(op.f("ix_download_study_id"), "download", ["study_id"])
    op.create_table(
        "download_visit",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("download_id", sa.String(length=32), nullable=False),
        sa.Column("opened_at", _INSTANT, nullable=False),
        sa.Column("device_class", sa.String(length=20), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.Column("completed_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["download_id"],
            ["download.download_id"],
            name=op.f("fk_download_visit_download_id_download"),
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_download_visit")),
    )
    op.create_index(op.f("ix_download_visit_download_id"), "download_visit", ["download_id"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("download_visit")
    op.drop_table("download")
    op.drop_table("share_failure")
    op.drop_column("share_visit", "place")
    for name in _SHARE:
        op.drop_column("share", name)
