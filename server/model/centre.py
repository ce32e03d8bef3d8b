"""What the centre is run with: links, code mappings, settings, exports, reviews, settlements."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base, opaque_id
from server.model.people import Account, Institution


class LinkKind(enum.StrEnum):
    """How a link (传输链路) is tried."""

    TCP = "tcp"  # a connection is taken
    DICOM = "dicom"  # C-ECHO is answered (PS3.7 9.1.5)


class LinkState(enum.StrEnum):
    """What the last try of a link found."""

    UNKNOWN = "unknown"
    UP = "up"
    DOWN = "down"


class TransferLink(Base):
    """A line between an institution and the centre, tried every few minutes (D-08)."""

    __tablename__ = "transfer_link"

    link_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    kind: Mapped[LinkKind] = mapped_column(String(10), default=LinkKind.TCP)
    host: Mapped[str] = mapped_column(String(200))
    port: Mapped[int]
    ae_title: Mapped[str] = mapped_column(String(16), default="")
    # What the line is rented for, in Mbit/s; 0 where nobody said.
    bandwidth_mbps: Mapped[int] = mapped_column(default=0)
    state: Mapped[LinkState] = mapped_column(String(10), default=LinkState.UNKNOWN)
    # One word for machines why the last try did not succeed.
    failure: Mapped[str] = mapped_column(String(40), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    checked_at: Mapped[datetime | None]
    down_since: Mapped[datetime | None]

    institution: Mapped[Institution] = relationship()


class CodeMapping(Base):
    """One exam item of a hospital, and the insurance item it stands for (D-16)."""

    __tablename__ = "code_mapping"
    __table_args__ = (UniqueConstraint("institution_id", "hospital_item"),)

    mapping_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    # As the hospital's reports and objects name it.
    hospital_item: Mapped[str] = mapped_column(String(200))
    item_code: Mapped[str] = mapped_column(String(40))
    item_name: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)

    institution: Mapped[Institution] = relationship()


class CentreSetting(Base):
    """What an administrator set in the console; absent is the default (server.centre.policy)."""

    __tablename__ = "centre_setting"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)


class ExportState(enum.StrEnum):
    """What became of a request to export."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"


class ExportRequest(Base):
    """A request to export records, blocked until somebody else approves (F-26)."""

    __tablename__ = "export_request"

    export_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    kind: Mapped[str] = mapped_column(String(40))
    # Institution, person and days, as server.centre.records.Wanted writes them.
    wanted: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(String(200))
    state: Mapped[ExportState] = mapped_column(String(20), default=ExportState.REQUESTED)
    requested_by: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    requested_at: Mapped[datetime] = mapped_column(default=clock.now)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    downloads: Mapped[int] = mapped_column(default=0)

    requester: Mapped[Account] = relationship(foreign_keys=[requested_by])
    decider: Mapped[Account | None] = relationship(foreign_keys=[decided_by])


class RightsReview(Base):
    """One look at the rights of an account (F-08); the newest counts, all are kept."""

    __tablename__ = "rights_review"

    review_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    reviewed_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    reviewed_at: Mapped[datetime] = mapped_column(default=clock.now)


class AccountOpening(Base):
    """An account of staff that one person opened and another confirms; shut until then (F-07)."""

    __tablename__ = "account_opening"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    opened_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    opened_at: Mapped[datetime] = mapped_column(default=clock.now)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]
    confirmed: Mapped[bool] = mapped_column(default=False)

    account: Mapped[Account] = relationship(foreign_keys=[account_id])
    opener: Mapped[Account] = relationship(foreign_keys=[opened_by])


class Settlement(Base):
    """One settled examination fee (D-11): found by both numbers, bound to its study by the
    hospital's accession number. Amounts are in fen (分), a hundredth of a yuan."""

    __tablename__ = "settlement"
    __table_args__ = (
        UniqueConstraint("settlement_id", "fee_serial_number"),
        Index("ix_settlement_study", "institution_id", "accession_number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    settlement_id: Mapped[str] = mapped_column(String(64))  # 结算ID
    fee_serial_number: Mapped[str] = mapped_column(String(64))  # 费用明细流水号
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    accession_number: Mapped[str] = mapped_column(String(64))
    exam_item: Mapped[str] = mapped_column(String(200), default="")
    fee: Mapped[int] = mapped_column(default=0)
    reimbursed: Mapped[int] = mapped_column(default=0)
    consumables: Mapped[int] = mapped_column(default=0)
    settled_at: Mapped[datetime] = mapped_column(index=True)
    received_at: Mapped[datetime] = mapped_column(default=clock.now)

    institution: Mapped[Institution] = relationship()
