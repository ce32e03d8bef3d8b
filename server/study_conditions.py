"""What narrows a list of studies, as conditions of SQL: days in China, words, served reports."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, exists, select
from sqlalchemy.orm import QueryableAttribute, aliased

from server.clock import CHINA
from server.model import QualityResult, Report, ReportStatus, Study

_ESCAPE = "\\"
# Days nearer to the ends of the calendar have no instant in every time zone.
_FIRST_DAY, _LAST_DAY = date(1, 1, 2), date(9999, 12, 30)


def examined_between(since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    """Return the conditions for examinations on these days in China, both included."""
    conditions: list[ColumnElement[bool]] = []
    if since is not None and since > _FIRST_DAY:
        conditions.append(Study.study_datetime >= _midnight(since))
    if until is not None and until < _LAST_DAY:
        following = max(until, _FIRST_DAY) + timedelta(days=1)
        conditions.append(Study.study_datetime < _midnight(following))
    return conditions


def holds(column: QueryableAttribute[Any], text: str) -> ColumnElement[bool]:
    """Return the condition that a column has this text in it; no letter of it is a wild card."""
    return column.icontains(text, autoescape=True, escape=_ESCAPE)


def has_served_report() -> ColumnElement[bool]:
    """Return the condition that `server.reports.served_report` finds one for the study (A-16)."""
    newer = aliased(Report)
    overtaken = exists(
        select(newer.id).where(
            newer.study_id == Report.study_id,
            newer.status != ReportStatus.DRAFT,
            newer.version > Report.version,
        )
    )
    return exists(
        select(Report.id).where(
            Report.study_id == Study.study_id,
            Report.status == ReportStatus.REVIEWED,
            ~overtaken,
        )
    )


def newest_result() -> ScalarSelect[str]:
    """Return the id of the result that holds for a Study, as a column of its row."""
    return (
        select(QualityResult.result_id)
        .where(QualityResult.study_id == Study.study_id)
        .order_by(QualityResult.version.desc())
        .limit(1)
        .correlate(Study)
        .scalar_subquery()
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=CHINA)
