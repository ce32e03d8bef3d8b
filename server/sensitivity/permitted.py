"""The marks as a condition of a query: what a search tells is what may be taken (F-09)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, select, true
from sqlalchemy.orm import aliased

from server.model import Person, Report, ReportStatus, Study
from server.sensitivity.marks import Marked, Sensitivity
from server.sensitivity.policy import Policy, Reader


def permitted(policy: Policy, reader: Reader, action: str) -> ColumnElement[bool]:
    """Return the condition on Study for what no mark forbids a reader: `Policy.forbids` as SQL."""
    closed = [
        ~_carries(rule.of, rule.mark)
        for rule in policy.rules
        if reader in rule.to and action in rule.deny
    ]
    return and_(true(), *closed)


def _carries(marked: Marked, mark: Sensitivity) -> ColumnElement[bool]:
    if marked is Marked.IMAGES:
        return Study.sensitivity == mark
    if marked is Marked.IDENTITY:
        person = select(Person.id).where(Person.id == Study.person_id, Person.sensitivity == mark)
        return person.correlate(Study).exists()
    return _served_report_carries(mark)


def _served_report_carries(mark: Sensitivity) -> ColumnElement[bool]:
    """Whether the report that `reports.served_report` finds carries a mark."""
    newer = aliased(Report)
    overtaken = select(newer.id).where(
        newer.study_id == Report.study_id,
        newer.version > Report.version,
        newer.status != ReportStatus.DRAFT,
    )
    served = select(Report.id).where(
        Report.study_id == Study.study_id,
        Report.status == ReportStatus.REVIEWED,
        Report.sensitivity == mark,
        ~overtaken.correlate(Report).exists(),
    )
    return served.correlate(Study).exists()
