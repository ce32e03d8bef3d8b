"""Registers of staff and devices: their licences, what is over, reports without a valid physician
code (000-C 三, 四; I-19, I-20)."""

from server.centre.registers.definitions import DEVICES, REGISTERS, STAFF, Field, Kind, Register
from server.centre.registers.faults import Fault, faults_of
from server.centre.registers.keeping import (
    Loaded,
    Record,
    RegisterError,
    Row,
    end,
    find,
    keep,
    load,
    rows,
    to_csv,
)
from server.centre.registers.reports import FlaggedReport, flagged_reports
from server.centre.registers.watching import ALARM, watch

__all__ = [
    "ALARM",
    "DEVICES",
    "REGISTERS",
    "STAFF",
    "Fault",
    "Field",
    "FlaggedReport",
    "Kind",
    "Loaded",
    "Record",
    "Register",
    "RegisterError",
    "Row",
    "end",
    "faults_of",
    "find",
    "flagged_reports",
    "keep",
    "load",
    "rows",
    "to_csv",
    "watch",
]
