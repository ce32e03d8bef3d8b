"""Licences, trainings and inspections that are over are alarms until they are renewed (I-20)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import alarms
from server.centre.registers.definitions import REGISTERS, Register
from server.centre.registers.faults import OVER, faults_of
from server.model import DeviceRecord, Institution, StaffRecord

if TYPE_CHECKING:
    from server.cloud import ImageCloud

ALARM = "licence_over"


def watch(cloud: ImageCloud) -> int:
    """Raise an alarm for each line with something over, settle the others; run once a day.

    Returns how many lines have something over.
    """
    count = 0
    with cloud.database.session() as session:
        for register in REGISTERS.values():
            for record in session.scalars(select(register.table)):
                count += settle_or_raise(session, register, record)
    return count


def settle_or_raise(
    session: Session, register: Register, record: StaffRecord | DeviceRecord
) -> bool:
    """Raise or settle the alarm of one line; tell whether it has something over."""
    subject = f"{register.name}:{record.record_id}"
    over = OVER & set(faults_of(record))
    if not over:
        alarms.settle(session, ALARM, subject)
        return False
    institution = session.get_one(Institution, record.institution_id)
    chinese, english = ("人员", "staff") if register.name == "staff" else ("设备", "device")
    words = (
        f"{institution.name}：{chinese} {record.number} 的许可、培训或检测已过期 / "
        f"{institution.name}: a licence, training or inspection of {english} {record.number} "
        "is over"
    )
    alarms.raise_alarm(session, ALARM, subject, words)
    return True
