"""Hold passkeys, recovery codes and invitations between family members.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and the end of a family link."""
    op.create_table(
        "phone_proof",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_phone_proof_person_id_person")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_phone_proof")),
    )
    op.create_index(op.f("ix_phone_proof_person_id"), "phone_proof", ["person_id"], unique=False)
    op.create_table(
        "family_invitation",
        sa.Column("invitation_id", sa.String(length=32), nullable=False),
        sa.Column("guardian_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=True),
        sa.Column("member_hash", sa.String(length=64), nullable=False),
        sa.Column("member_label", sa.String(length=40), nullable=False),
        sa.Column("relation", sa.String(length=20), nullable=False),
        sa.Column("declared", sa.Boolean(), nullable=False),
        sa.Column("evidence_kind", sa.String(length=40), nullable=False),
        sa.Column("evidence_number_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("link_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["guardian_id"], ["person.id"], name=op.f("fk_family_invitation_guardian_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["link_id"], ["family_link.id"], name=op.f("fk_family_invitation_link_id_family_link")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["person.id"], name=op.f("fk_family_invitation_member_id_person")
        ),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_family_invitation")),
    )
    op.create_index(
        op.f("ix_family_invitation_guardian_id"), "family_invitation", ["guardian_id"], unique=False
    )
    op.create_index(
        op.f("ix_family_invitation_member_id"), "family_invitation", ["member_id"], unique=False
    )
    op.create_table(
        "known_device",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_known_device_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", "token_hash", name=op.f("pk_known_device")),
    )
    op.create_table(
        "passkey",
        sa.Column("passkey_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_passkey_account_id_account")
        ),
        sa.PrimaryKeyConstraint("passkey_id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_account_id"), "passkey", ["account_id"], unique=False)
    op.create_table(
        "passkey_ceremony",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_passkey_ceremony_account_id_account")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_passkey_ceremony")),
    )
    op.create_index(
        op.f("ix_passkey_ceremony_account_id"), "passkey_ceremony", ["account_id"], unique=False
    )
    op.create_table(
        "recovery_code",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("selector", sa.String(length=8), nullable=False),
        sa.Column("code_hash", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", "selector", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "recovery_request",
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_recovery_request_account_id_account")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_recovery_request")),
    )
    op.create_index(
        op.f("ix_recovery_request_account_id"), "recovery_request", ["account_id"], unique=False
    )
    op.add_column("family_link", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "family_link", sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True)
    )
    # Those that an operator made before had been told.
    op.execute("UPDATE family_link SET acknowledged_at = created_at")


def downgrade() -> None:
    """Remove them."""

    op.drop_column("family_link", "acknowledged_at")
    op.drop_column("family_link", "expires_at")
    op.drop_index(op.f("ix_recovery_request_account_id"), table_name="recovery_request")
    op.drop_table("recovery_request")
    op.drop_table("recovery_code")
    op.drop_index(op.f("ix_passkey_ceremony_account_id"), table_name="passkey_ceremony")
    op.drop_table("passkey_ceremony")
    op.drop_index(op.f("ix_passkey_account_id"), table_name="passkey")
    op.drop_table("passkey")
    op.drop_table("known_device")
    op.drop_index(op.f("ix_family_invitation_member_id"), table_name="family_invitation")
    op.drop_index(op.f("ix_family_invitation_guardian_id"), table_name="family_invitation")
    op.drop_table("family_invitation")
    op.drop_index(op.f("ix_phone_proof_person_id"), table_name="phone_proof")
    op.drop_table("phone_proof")
