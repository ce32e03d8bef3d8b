"""The licences of staff and devices, as the institutions keep them (000-C 三, 四; I-19, I-20)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server import clock
from server.model.base import Base, opaque_id
from server.model.people import Institution


class StaffRecord(Base):
    """Somebody who takes, reads or looks after images at an institution; days None: not given."""

    __tablename__ = "staff_record"
    __table_args__ = (UniqueConstraint("institution_id", "number"),)

    record_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    number: Mapped[str] = mapped_column(String(40))  # 工号
    name: Mapped[str] = mapped_column(String(100))
    duty: Mapped[str] = mapped_column(String(20))  # as server.model.Duty
    physician_code: Mapped[str] = mapped_column(
        String(40), default="", index=True
    )  # 国家医保医师代码
    qualification: Mapped[str] = mapped_column(String(60), default="")  # 医师资格或职称证书
    practice_licence: Mapped[str] = mapped_column(String(60), default="")  # 执业证书
    licence_until: Mapped[date | None] = mapped_column(Date)
    work_permit: Mapped[str] = mapped_column(String(60), default="")  # 放射工作人员证
    training_until: Mapped[date | None] = mapped_column(Date)  # 放射防护培训
    ended_at: Mapped[datetime | None]
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)

    institution: Mapped[Institution] = relationship()


class DeviceRecord(Base):
    """A device that makes images at an institution; days None: not given."""

    __tablename__ = "device_record"
    __table_args__ = (UniqueConstraint("institution_id", "number"),)

    record_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque_id)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    number: Mapped[str] = mapped_column(String(40))  # 院内设备编号
    name: Mapped[str] = mapped_column(String(100))
    modality: Mapped[str] = mapped_column(String(16))
    device_code: Mapped[str] = mapped_column(String(60), default="")  # 国家医保设备编码（影像类）
    model: Mapped[str] = mapped_column(String(100), default="")
    licence: Mapped[str] = mapped_column(String(60), default="")  # 大型医用设备配置许可证
    licence_until: Mapped[date | None] = mapped_column(Date)
    inspected_on: Mapped[date | None] = mapped_column(Date)
    inspection_until: Mapped[date | None] = mapped_column(Date)
    ended_at: Mapped[datetime | None]
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)

    institution: Mapped[Institution] = relationship()
