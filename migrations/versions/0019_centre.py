"""Run the centre: links, code mappings, settings, exports, reviews of rights, settlements.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables, and the day on which an institution left."""
    op.add_column("institution", sa.Column("ended_at", _INSTANT, nullable=True))
    _create_links()
    _create_mappings()
    _create_exports()
    _create_settlements()


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, _INSTANT, nullable=nullable)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name)


def _create_links() -> None:
    op.create_table(
        "transfer_link",
        _text("link_id", 32),
        _number("institution_id"),
        _text("name", 100),
        _text("kind", 10),
        _text("host", 200),
        _number("port"),
        _text("ae_title", 16),
        _number("bandwidth_mbps"),
        _text("state", 10),
        _text("failure", 40),
        _instant("created_at"),
        _instant("checked_at", nullable=True),
        _instant("down_since", nullable=True),
        _key("transfer_link", "institution_id", "institution"),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_transfer_link")),
    )
    op.create_index(op.f("ix_transfer_link_institution_id"), "transfer_link", ["institution_id"])


def _create_mappings() -> None:
    op.create_table(
        "code_mapping",
        _text("mapping_id", 32),
        _number("institution_id"),
        _text("hospital_item", 200),
        _text("item_code", 40),
        _text("item_name", 200),
        _instant("changed_at"),
        _key("code_mapping", "institution_id", "institution"),
        sa.PrimaryKeyConstraint("mapping_id", name=op.f("pk_code_mapping")),
        sa.UniqueConstraint(
            "institution_id", "hospital_item", name=op.f("uq_code_mapping_institution_id")
        ),
    )
    op.create_table(
        "centre_setting",
        _text("name", 40),
        sa.Column("value", sa.JSON(), nullable=False),
        _instant("changed_at"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_centre_setting")),
    )


def _create_exports() -> None:
    op.create_table(
        "export_request",
        _text("export_id", 32),
        _text("kind", 40),
        sa.Column("wanted", sa.JSON(), nullable=False),
        _text("reason", 200),
        _text("state", 20),
        _number("requested_by"),
        _instant("requested_at"),
        _number("decided_by", nullable=True),
        _instant("decided_at", nullable=True),
        _instant("expires_at", nullable=True),
        _number("downloads"),
        _key("export_request", "requested_by", "account"),
        _key("export_request", "decided_by", "account"),
        sa.PrimaryKeyConstraint("export_id", name=op.f("pk_export_request")),
    )
    op.create_index(op.f("ix_export_request_requested_by"), "export_request", ["requested_by"])
    op.create_table(
        "rights_review",
        _text("review_id", 32),
        _number("account_id"),
        _number("reviewed_by"),
        _instant("reviewed_at"),
        _key("rights_review", "account_id", "account"),
        _key("rights_review", "reviewed_by", "account"),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_rights_review")),
    )
    op.create_index(op.f("ix_rights_review_account_id"), "rights_review", ["account_id"])


def _create_settlements() -> None:
    op.create_table(
        "settlement",
        _number("id"),
        _text("settlement_id", 64),
        _text("fee_serial_number", 64),
        _number("institution_id"),
        _text("accession_number", 64),
        _text("exam_item", 200),
        _number("fee"),
        _number("reimbursed"),
        _number("consumables"),
        _instant("settled_at"),
        _instant("received_at"),
        _key("settlement", "institution_id", "institution"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement")),
        sa.UniqueConstraint(
            "settlement_id", "fee_serial_number", name=op.f("uq_settlement_settlement_id")
        ),
    )
    op.create_index(op.f("ix_settlement_settled_at"), "settlement", ["settled_at"])
    op.create_index("ix_settlement_study", "settlement", ["institution_id", "accession_number"])


def downgrade() -> None:
    """Remove the tables and the column."""
    for table in (
        "settlement",
        "rights_review",
        "export_request",
        "centre_setting",
        "code_mapping",
        "transfer_link",
    ):
        op.drop_table(table)
    op.drop_column("institution", "ended_at")
