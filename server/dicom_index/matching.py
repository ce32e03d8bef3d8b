"""From the value of a key to a condition of the database (PS3.4 C.2.2.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.orm import aliased
from sqlalchemy.types import String

from server.clock import CHINA
from server.dicom_index.attributes import Attribute, Column, Matching, QueryError
from server.model import Series, Study

MOST_VALUES = 1000
LONGEST_KEY = 1024
_LARGEST_INTEGER = 2**31 - 1
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_TIME = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(\.\d{1,6})?)?)?")
_NUMBER = re.compile(r"[+-]?\d{1,12}")
_COMPONENTS = 5  # of a component group (PS3.5 6.2.1.1)
_STARS = re.compile(r"\*+")  # several would make a search take longer and mean the same
_SEPARATORS = re.compile(r"[\\,]")


@dataclass(frozen=True)
class Matcher:
    """Writes conditions for one kind of database, "sqlite" or "postgresql"."""

    dialect: str

    def condition(self, attribute: Attribute, value: str) -> ColumnElement[bool]:
        """Return the condition on a key's value; an empty one, or `*`, matches everything.

        Raises QueryError for a date or time that is none, or too many values.
        """
        if not value.strip(" *"):
            return true()
        if len(value) > LONGEST_KEY and attribute.matching is not Matching.UID:
            raise QueryError("查询值过长 / a key is too long")
        if attribute.keyword == "ModalitiesInStudy":
            return self._holds_modality(value)
        if attribute.keyword == "StudyDate":
            return _days(value)
        if attribute.keyword == "StudyTime":
            return _times(self._time_in_china(), value)
        assert attribute.column is not None
        return self._rules()[attribute.matching](attribute.column, value)

    def _holds_modality(self, value: str) -> ColumnElement[bool]:
        any_series = aliased(Series)
        held = select(any_series.series_id).where(
            any_series.study_id == Study.study_id, self._code(any_series.modality, value)
        )
        return held.correlate(Study).exists()

    def _rules(self) -> dict[Matching, Callable[[Column, str], ColumnElement[bool]]]:
        return {
            Matching.UID: _uids,
            Matching.CODE: self._code,
            Matching.TEXT: self._text,
            Matching.NAME: _name,
            Matching.DATE: _dates,
            Matching.TIME: _times,
            Matching.NUMBER: _number,
        }

    def _code(self, column: Column, value: str) -> ColumnElement[bool]:
        return or_(*(self._text(column, one) for one in _values(value)))

    def _text(self, column: Column, value: str) -> ColumnElement[bool]:
        value = value.strip(" ")
        if "*" not in value and "?" not in value:
            return column == value
        if self.dialect == "sqlite":  # whose LIKE does not tell upper from lower case
            pattern = _STARS.sub("*", value.replace("[", "[[]"))
            return column.op("GLOB", is_comparison=True)(pattern)
        return column.like(_like(value), escape="~")

    def _time_in_china(self) -> ColumnElement[str]:
        if self.dialect == "sqlite":
            return func.strftime("%H%M%S", Study.study_datetime, "+8 hours", type_=String())
        local = func.timezone("Asia/Shanghai", Study.study_datetime)
        return func.to_char(local, "HH24MISS", type_=String())


def _name(column: Column, value: str) -> ColumnElement[bool]:
    """Match a name, or one of its component groups (PS3.5 6.2.1), without regard to case.

    Carets at the end of a group say nothing and are left out on both sides.
    """
    known: ColumnElement[str] = func.lower(column, type_=String())
    for _ in range(_COMPONENTS - 1):
        known = func.replace(known, "^=", "=", type_=String())
    known = "=" + func.rtrim(known, "^=", type_=String()) + "="
    groups = [group.rstrip("^ ") for group in value.lower().split("=")]
    wanted = "=".join(groups).strip("= ")
    return known.like(f"%={_like(wanted)}=%", escape="~")


def _uids(column: Column, value: str) -> ColumnElement[bool]:
    return column.in_(_values(value))


def _number(column: Column, value: str) -> ColumnElement[bool]:
    text = value.strip()
    if not _NUMBER.fullmatch(text):
        raise QueryError("须为整数 / a number is malformed")
    return column == int(text) if abs(int(text)) <= _LARGEST_INTEGER else false()


def _dates(column: Column, value: str) -> ColumnElement[bool]:
    """Match dates kept as YYYYMMDD; what has none matches no range."""
    first, last = _range(value)
    conditions = [column != ""]
    if first:
        conditions.append(column >= f"{_day(first):%Y%m%d}")
    if last:
        conditions.append(column <= f"{_day(last):%Y%m%d}")
    return and_(*conditions)


def _days(value: str) -> ColumnElement[bool]:
    """Match the day of the examination in China, so that the index of instants serves."""
    first, last = _range(value)
    conditions = []
    if first:
        conditions.append(Study.study_datetime >= _day(first))
    if last:
        conditions.append(Study.study_datetime < _day_after(last))
    return and_(*conditions)


def _day_after(text: str) -> datetime:
    day = _day(text)
    return day + timedelta(days=1) if day.year < datetime.max.year else day


def _times(column: Column, value: str) -> ColumnElement[bool]:
    """Match times of day; one that is given to the hour or minute means all of it."""
    first, last = _range(value)
    conditions = [column != ""]
    if first:
        conditions.append(column >= _time(first, "000000"))
    if last:
        conditions.append(column <= _time(last, "235959") + ".999999")
    return and_(*conditions)


def _range(value: str) -> tuple[str, str]:
    """Return both ends of a range, "" where it is open; a single value is both (C.2.2.2.5)."""
    first, dash, last = value.strip().partition("-")
    return (first.strip(), last.strip()) if dash else (first, first)


def _day(text: str) -> datetime:
    found = _DATE.fullmatch(text)
    try:
        if found is not None:
            day = datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=CHINA)
            # Nothing was examined in the year 1, whose first hours in China are in no year of UTC.
            return max(day, datetime(2, 1, 1, tzinfo=CHINA))
    except ValueError:
        pass
    raise QueryError("日期须为 YYYYMMDD 或范围 / a date is YYYYMMDD, or a range of two")


def _time(text: str, completed_by: str) -> str:
    found = _TIME.fullmatch(text)
    if found is None:
        raise QueryError("时间须为 HHMMSS 或范围 / a time is HHMMSS, or a range of two")
    digits = "".join(part for part in found.groups()[:3] if part)
    return digits + completed_by[len(digits) :]


def _values(value: str) -> list[str]:
    values = [one.strip() for one in _SEPARATORS.split(value) if one.strip()]
    if len(values) > MOST_VALUES:
        raise QueryError(f"一次最多 {MOST_VALUES} 个值 / at most {MOST_VALUES} values of a key")
    return values


def _like(value: str) -> str:
    value = _STARS.sub("*", value)
    for special in "~%_":
        value = value.replace(special, f"~{special}")
    return value.replace("*", "%").replace("?", "_")
