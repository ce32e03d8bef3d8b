"""Lines of a register: listed, kept by form or file, ended; audited."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server import clock
from server.centre.acting import Actor, OutOfReachError
from server.centre.registers.definitions import DUTY_WORDS, Field, Kind, Register
from server.centre.registers.faults import Fault, faults_of
from server.centre.registers.watching import settle_or_raise
from server.csv_files import Value, csv_bytes, csv_rows
from server.model import DeviceRecord, Duty, Institution, StaffRecord

Record = StaffRecord | DeviceRecord
_CODE = re.compile(r"[0-9A-Z][0-9A-Z ./_-]*")
_DAYS = (date(1900, 1, 1), date(2999, 12, 31))


class RegisterError(ValueError):
    """This is no line of the register; `field` is what is wrong, `line` where in a file."""

    def __init__(self, field: Field, line: int = 0) -> None:
        super().__init__(field.name)
        self.field, self.line = field, line


@dataclass(frozen=True)
class Row:
    """One line and why it is flagged."""

    record: Record
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Loaded:
    """What a file changed; `unknown` are codes of institutions that are not ours."""

    added: int
    changed: int
    unknown: tuple[str, ...]


def rows(
    session: Session, actor: Actor, register: Register, institution_id: int | None = None
) -> list[Row]:
    """Return the lines that an actor reaches: flagged ones first, ended ones last."""
    table = register.table
    chosen = actor.scope if actor.scope is not None else institution_id
    wanted: Any = select(table).options(joinedload(table.institution))
    if chosen is not None:
        wanted = wanted.where(table.institution_id == chosen)
    found = [Row(one, faults_of(one)) for one in session.scalars(wanted)]
    return sorted(found, key=_order)


def find(session: Session, actor: Actor, register: Register, record_id: str) -> Record:
    """Return a line. Raises OutOfReachError."""
    found: Record | None = session.get(register.table, record_id)
    if found is None:
        raise OutOfReachError
    actor.must_reach(found.institution_id)
    return found


def keep(
    session: Session,
    actor: Actor,
    register: Register,
    institution_id: int,
    given: Mapping[str, str],
) -> bool:
    """Keep a line under its number, or change the one that is there; tell whether it is new.

    A line that was ended lives again. Raises RegisterError, OutOfReachError.
    """
    actor.must_reach(institution_id)
    if session.get(Institution, institution_id) is None:
        raise OutOfReachError
    record, added = _keep(session, register, institution_id, given)
    event = f"{register.name}.add" if added else f"{register.name}.change"
    actor.note(session, event, register.table.__tablename__, record.record_id)
    settle_or_raise(session, register, record)
    return added


def end(session: Session, actor: Actor, register: Register, record_id: str) -> None:
    """Note that somebody left or a device was given up; the line stays. Raises OutOfReachError."""
    found = find(session, actor, register, record_id)
    if found.ended_at is not None:
        return
    found.ended_at = clock.now()
    actor.note(session, f"{register.name}.end", register.table.__tablename__, record_id)
    settle_or_raise(session, register, found)


def to_csv(session: Session, actor: Actor, register: Register) -> bytes:
    """Return the living lines that an actor reaches as CSV, in the form that `load` takes."""
    lines: list[Sequence[Value]] = [
        (row.record.institution.code, *(shown(one, row.record) for one in register.fields))
        for row in rows(session, actor, register)
        if row.record.ended_at is None
    ]
    return csv_bytes(register.heads, lines)


def load(session: Session, actor: Actor, register: Register, data: bytes) -> Loaded:
    """Keep the lines of a CSV file with the columns of `Register.heads`, all or none.

    Raises CsvError, RegisterError.
    """
    ids = {one.code: one.id for one in session.scalars(select(Institution))}
    added = changed = 0
    unknown: dict[str, None] = {}
    for line, (code, *values) in enumerate(csv_rows(data, len(register.heads)), 2):
        institution_id = ids.get(code.upper())
        if institution_id is None or not actor.reaches(institution_id):
            unknown[code] = None
            continue
        given = {one.name: value for one, value in zip(register.fields, values, strict=True)}
        try:
            record, new = _keep(session, register, institution_id, given)
        except RegisterError as error:
            raise RegisterError(error.field, line) from error
        settle_or_raise(session, register, record)
        added, changed = added + new, changed + (not new)
    detail = {"added": added, "changed": changed}
    actor.note(session, f"{register.name}.load", "list", "", detail)
    return Loaded(added, changed, tuple(unknown))


def shown(field: Field, record: Record) -> str:
    """Return what stands in a field, as files have it."""
    value = getattr(record, field.name)
    if field.kind is Kind.DUTY:
        return DUTY_WORDS[Duty(value)]
    if field.kind is Kind.DAY:
        return value.isoformat() if value is not None else ""
    return str(value)


def _order(row: Row) -> tuple[bool, bool, str, str]:
    one = row.record
    return one.ended_at is not None, not row.faults, one.institution.name, one.number


def _keep(
    session: Session, register: Register, institution_id: int, given: Mapping[str, str]
) -> tuple[Record, bool]:
    facts = {one.name: _checked(one, given.get(one.name, "").strip()) for one in register.fields}
    table: Any = register.table
    record: Record | None = session.scalar(
        select(table).where(table.institution_id == institution_id, table.number == facts["number"])
    )
    added = record is None
    if record is None:
        record = table(institution_id=institution_id, **facts)
        session.add(record)
    else:
        for name, value in facts.items():
            setattr(record, name, value)
        record.ended_at, record.changed_at = None, clock.now()
    session.flush()
    return record, added


def _checked(field: Field, text: str) -> str | date | None:
    if field.kind is Kind.DAY:
        return _day(field, text)
    if field.kind is Kind.DUTY:
        return _duty(field, text)
    value = text.upper() if field.kind is Kind.CODE else text
    wrong = bool(value) and field.kind is Kind.CODE and not _CODE.fullmatch(value)
    if wrong or len(value) > field.most or (field.required and not value):
        raise RegisterError(field)
    return value


def _duty(field: Field, text: str) -> str:
    for duty, word in DUTY_WORDS.items():
        if text in {duty.value, word}:
            return duty.value
    raise RegisterError(field)


def _day(field: Field, text: str) -> date | None:
    """Take 2026-05-01, 2026/5/1 and 20260501, as spreadsheets write days."""
    if not text:
        return None
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d"):
        try:
            day = datetime.strptime(text, form).date()
        except ValueError:
            continue
        if _DAYS[0] <= day <= _DAYS[1]:
            return day
    raise RegisterError(field)
