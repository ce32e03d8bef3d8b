"""What the index module has to be told again: marked where it changes, by whoever changes it.

A mark in the study's own row is set in the same transaction as the change, so that none is lost
between two looks at the clock, and finding the marked ones asks one index and no table of reports.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, event, inspect, update
from sqlalchemy.orm import Mapper

from server.model.imaging import Report, Study


@event.listens_for(Report, "after_insert")
@event.listens_for(Report, "after_update")
def _report_changed(_mapper: Mapper[Any], connection: Connection, report: Report) -> None:
    connection.execute(
        update(Study).where(Study.study_id == report.study_id).values(announce_due=True)
    )


@event.listens_for(Study, "before_update")
def _person_changed(_mapper: Mapper[Any], _connection: Connection, study: Study) -> None:
    if inspect(study).attrs.person_id.history.has_changes():
        study.announce_due = True
