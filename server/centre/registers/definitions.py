"""What a register holds of each line: its fields, in the order of form and file."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from server.model import DeviceRecord, Duty, StaffRecord


class Kind(enum.StrEnum):
    """What may stand in a field."""

    TEXT = "text"
    CODE = "code"  # letters of ASCII, digits and signs; kept in capitals
    DUTY = "duty"
    DAY = "day"  # ISO 8601


@dataclass(frozen=True)
class Field:
    """One field: the column of the table, and its head in files (Chinese / English)."""

    name: str
    head: str
    kind: Kind = Kind.TEXT
    most: int = 60
    required: bool = False
    listed: bool = False  # stands in the list, too


@dataclass(frozen=True)
class Register:
    """One register. `ends` are the days after which something is over; `number` tells lines apart
    within an institution."""

    name: str
    table: Any  # StaffRecord or DeviceRecord
    fields: tuple[Field, ...]
    ends: tuple[str, ...]

    @property
    def heads(self) -> tuple[str, ...]:
        """The columns of its CSV file, the institution's code first."""
        return ("机构代码", *(one.head.partition(" / ")[0] for one in self.fields))


STAFF = Register(
    "staff",
    StaffRecord,
    (
        Field("number", "工号 / Staff number", Kind.CODE, 40, required=True),
        Field("name", "姓名 / Name", most=100, required=True),
        Field("duty", "岗位 / Duty", Kind.DUTY, 20, required=True, listed=True),
        Field(
            "physician_code",
            "医保医师代码 / National physician code",
            Kind.CODE,
            40,
            listed=True,
        ),
        Field("qualification", "资格证书编号 / Qualification", Kind.CODE),
        Field("practice_licence", "执业证书编号 / Practice licence", Kind.CODE),
        Field("licence_until", "执业有效期至 / Licence until", Kind.DAY, listed=True),
        Field("work_permit", "放射工作人员证编号 / Radiation work permit", Kind.CODE),
        Field(
            "training_until",
            "防护培训有效期至 / Radiation training until",
            Kind.DAY,
            listed=True,
        ),
    ),
    ("licence_until", "training_until"),
)
DEVICES = Register(
    "devices",
    DeviceRecord,
    (
        Field("number", "设备编号 / Device number", Kind.CODE, 40, required=True),
        Field("name", "设备名称 / Device", most=100, required=True),
        Field("modality", "检查类型 / Modality", Kind.CODE, 16, required=True, listed=True),
        Field("device_code", "医保设备编码 / National device code", Kind.CODE, listed=True),
        Field("model", "厂商型号 / Model", most=100),
        Field("licence", "配置许可证编号 / Configuration licence", Kind.CODE),
        Field("licence_until", "许可证有效期至 / Licence until", Kind.DAY, listed=True),
        Field("inspected_on", "上次检测日期 / Last inspection", Kind.DAY),
        Field("inspection_until", "检测有效期至 / Inspection until", Kind.DAY, listed=True),
    ),
    ("licence_until", "inspection_until"),
)
REGISTERS = {one.name: one for one in (STAFF, DEVICES)}
# Values of a field of Kind.DUTY, and what files say instead.
DUTY_WORDS = {Duty.DIAGNOSTICIAN: "诊断医师", Duty.TECHNOLOGIST: "技师", Duty.ENGINEER: "工程师"}
