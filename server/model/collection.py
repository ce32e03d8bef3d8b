"""What hospitals hand over beside images: receptions, steps, how far each upload is."""

from __future__ import annotations

import enum
from datetime import date, datetime

from sqlalchemy import BigInteger, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base
from server.model.people import Institution


class GatewayReception(Base):
    """One link of a front machine's chain of receptions (I-03), verified when the object came."""

    __tablename__ = "gateway_reception"

    chain_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    client_id: Mapped[str] = mapped_column(ForeignKey("institution_client.client_id"), index=True)
    sop_instance_uid: Mapped[str] = mapped_column(String(64), index=True)
    # Of the object as the device sent it, and as it lies here: others only where compressed.
    received_sha256: Mapped[str] = mapped_column(String(64))
    stored_sha256: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    link: Mapped[str] = mapped_column(String(64))
    verified_at: Mapped[datetime] = mapped_column(default=clock.now)


class GatewayRelease(Base):
    """A version of the front machine that the centre may offer (E-18)."""

    __tablename__ = "gateway_release"

    version: Mapped[str] = mapped_column(String(40), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    file_name: Mapped[str] = mapped_column(String(100))
    added_at: Mapped[datetime] = mapped_column(default=clock.now)


class GatewayUpgrade(Base):
    """The version that a front machine is offered, and how far it is with it."""

    __tablename__ = "gateway_upgrade"

    client_id: Mapped[str] = mapped_column(
        ForeignKey("institution_client.client_id"), primary_key=True
    )
    version: Mapped[str] = mapped_column(ForeignKey("gateway_release.version"))
    # As the front machine tells it (server.gateway.upgrading); "" before it has heard.
    state: Mapped[str] = mapped_column(String(40), default="")
    offered_at: Mapped[datetime] = mapped_column(default=clock.now)
    told_at: Mapped[datetime | None]

    release: Mapped[GatewayRelease] = relationship()


class ExamStage(enum.StrEnum):
    """The seven steps of an exam (E-38), in their order."""

    APPLICATION = "application"  # 临床申请
    APPOINTMENT = "appointment"  # 预约分诊
    CHECK_IN = "check_in"  # 签到准备
    EXAMINATION = "examination"  # 设备检查
    IMAGE_QUALITY = "image_quality"  # 影像质控
    REPORT_WRITING = "report_writing"  # 报告书写
    RESULT_RELEASE = "result_release"  # 结果发布


class ExamStep(Base):
    """One step of an exam that a hospital's system told of."""

    __tablename__ = "exam_step"
    __table_args__ = (
        UniqueConstraint("institution_id", "accession_number", "stage", "happened_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    accession_number: Mapped[str] = mapped_column(String(64))
    stage: Mapped[ExamStage] = mapped_column(String(20))
    happened_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(default=clock.now)


class ExamUpload(Base):
    """How far one exam of a hospital is: images, report and settlement, each ticked (E-47).

    The hospital names it by its accession number: in its list of exams (E-03), by a settlement
    (E-09), a report or a step, whichever comes first.
    """

    __tablename__ = "exam_upload"
    __table_args__ = (
        UniqueConstraint("institution_id", "accession_number"),
        Index("ix_exam_upload_day", "institution_id", "exam_date"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    accession_number: Mapped[str] = mapped_column(String(64))
    # As the hospital's list has it; None, and 0 images, where it said nothing.
    listed_at: Mapped[datetime | None]
    exam_date: Mapped[date | None] = mapped_column(Date)
    modality: Mapped[str] = mapped_column(String(16), default="")
    image_count: Mapped[int] = mapped_column(default=0)
    # Settled at the hospital: from then on the data have 24 hours.
    settled_at: Mapped[datetime | None]
    deadline_at: Mapped[datetime | None] = mapped_column(index=True)
    images_at: Mapped[datetime | None]
    report_at: Mapped[datetime | None]
    settlement_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None] = mapped_column(index=True)
    opened_at: Mapped[datetime] = mapped_column(default=clock.now)

    institution: Mapped[Institution] = relationship()
