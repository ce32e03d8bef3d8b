"""What is missing from a line of a register, and what is over."""

from __future__ import annotations

import enum
from datetime import date, timedelta
from typing import Any

from server import clock
from server.centre.period import day_of
from server.model import DeviceRecord, Duty, StaffRecord

SOON = timedelta(days=60)
# Large devices are inspected every year (000-C 四): without an end given, a year after the last.
YEARLY = timedelta(days=365)


class Fault(enum.StrEnum):
    """Why a line is flagged."""

    NO_PHYSICIAN_CODE = "no_physician_code"
    NO_QUALIFICATION = "no_qualification"
    NO_PRACTICE_LICENCE = "no_practice_licence"
    LICENCE_OVER = "licence_over"
    NO_WORK_PERMIT = "no_work_permit"
    TRAINING_OVER = "training_over"
    NO_TRAINING = "no_training"
    NO_DEVICE_CODE = "no_device_code"
    NO_LICENCE = "no_licence"
    NO_INSPECTION = "no_inspection"
    INSPECTION_OVER = "inspection_over"
    SOON_OVER = "soon_over"


# What raises an alarm: something that was valid is not any more.
OVER = frozenset({Fault.LICENCE_OVER, Fault.TRAINING_OVER, Fault.INSPECTION_OVER})


def faults_of(record: StaffRecord | DeviceRecord) -> tuple[Fault, ...]:
    """Return why a line is flagged today (in China), nothing for a line that was ended."""
    if record.ended_at is not None:
        return ()
    today = day_of(clock.now())
    found = _staff(record, today) if isinstance(record, StaffRecord) else _device(record, today)
    ends = [one for one in _ends(record) if one is not None and today <= one <= today + SOON]
    return (*found, Fault.SOON_OVER) if ends else found


def inspected_until(record: DeviceRecord) -> date | None:
    """Return until when the last inspection holds: as given, else for a year."""
    if record.inspection_until is not None or record.inspected_on is None:
        return record.inspection_until
    return record.inspected_on + YEARLY


def _ends(record: StaffRecord | DeviceRecord) -> tuple[date | None, ...]:
    other = record.training_until if isinstance(record, StaffRecord) else inspected_until(record)
    return record.licence_until, other


def _staff(one: StaffRecord, today: date) -> tuple[Fault, ...]:
    reads = one.duty == Duty.DIAGNOSTICIAN
    return _held(
        (Fault.NO_PHYSICIAN_CODE, reads and not one.physician_code),
        (Fault.NO_QUALIFICATION, reads and not one.qualification),
        (Fault.NO_PRACTICE_LICENCE, reads and not one.practice_licence),
        (Fault.LICENCE_OVER, _over(one.licence_until, today)),
        (Fault.NO_WORK_PERMIT, not one.work_permit),
        (Fault.NO_TRAINING, one.training_until is None),
        (Fault.TRAINING_OVER, _over(one.training_until, today)),
    )


def _device(one: DeviceRecord, today: date) -> tuple[Fault, ...]:
    until = inspected_until(one)
    return _held(
        (Fault.NO_DEVICE_CODE, not one.device_code),
        (Fault.NO_LICENCE, not one.licence),
        (Fault.LICENCE_OVER, _over(one.licence_until, today)),
        (Fault.NO_INSPECTION, until is None),
        (Fault.INSPECTION_OVER, _over(until, today)),
    )


def _over(until: date | None, today: date) -> bool:
    return until is not None and until < today


def _held(*pairs: tuple[Fault, Any]) -> tuple[Fault, ...]:
    return tuple(fault for fault, holds in pairs if holds)
