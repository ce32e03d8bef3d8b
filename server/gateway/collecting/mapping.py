"""From a row of a hospital's table to a record as the centre takes it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from server.clock import CHINA
from server.gateway.collecting.connectors import Row
from server.gateway.collecting.sources import Source

FEN = 100  # a yuan
_WHOLE = frozenset({"fee", "reimbursed", "consumables", "image_count"})


class MappingError(ValueError):
    """A row lacks a column, or holds what its field cannot take; names the field, no value."""


def record_of(source: Source, row: Row) -> dict[str, Any]:
    """Return the record of a row; empty columns are left out. Times without a zone are China's.

    Raises MappingError.
    """
    record: dict[str, Any] = dict(source.constants)
    for name, column in source.columns.items():
        if column not in row:
            raise MappingError(f"{name}: no column {column}")
        value = row[column]
        if value is None or value == "":
            continue
        try:
            record[name] = _value(name, value, in_yuan=name in source.yuan)
        except (ValueError, InvalidOperation) as error:
            raise MappingError(f"{name}: not understood") from error
    return record


def _value(name: str, value: Any, *, in_yuan: bool) -> Any:
    if in_yuan:
        return int((Decimal(str(value)) * FEN).to_integral_value())
    if name in _WHOLE:
        return int(value)
    if name.endswith("_at"):
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).isoformat()
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, list | dict) else str(value).strip()
