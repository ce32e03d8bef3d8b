"""Reports whose physician has no valid national code (I-19)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.centre.period import Period, day_of
from server.model import Institution, Report, ReportStatus, StaffRecord, Study


class CodeFault(enum.StrEnum):
    """Why a physician's code does not hold."""

    MISSING = "missing"
    UNKNOWN = "unknown"  # no living line of the hospital's register has it
    OVER = "over"  # his licence was over when he reported


@dataclass(frozen=True)
class FlaggedReport:
    """A served report without a valid physician code; names no patient."""

    report_id: int
    institution: str
    accession_number: str
    modality: str
    reported_at: datetime
    physician: str
    physician_code: str
    fault: CodeFault


def flagged_reports(
    session: Session, days: Period, institution_id: int | None, *, limit: int = 500
) -> list[FlaggedReport]:
    """Return the newest reviewed reports of these days whose code does not hold, newest first."""
    newest = (
        select(func.max(Report.version))
        .where(Report.study_id == Study.study_id, Report.status == ReportStatus.REVIEWED)
        .correlate(Study)
        .scalar_subquery()
    )
    query = (
        select(Report, Study, Institution.name)
        .join(Study, Study.study_id == Report.study_id)
        .join(Institution, Institution.id == Study.institution_id)
        .where(Report.version == newest, Report.created_at >= days.start)
        .where(Report.created_at < days.end)
        .order_by(Report.created_at.desc(), Report.id.desc())
    )
    if institution_id is not None:
        query = query.where(Study.institution_id == institution_id)
    licences = _licences(session)
    found: list[FlaggedReport] = []
    for report, study, institution in session.execute(query):
        at = report.reported_at or report.created_at
        code = report.reporting_physician_code.strip().upper()
        fault = _fault(licences, study.institution_id, code, at)
        if fault is None:
            continue
        found.append(
            FlaggedReport(
                report.id,
                institution,
                study.accession_number,
                study.modality,
                at,
                report.reporting_physician,
                code,
                fault,
            )
        )
        if len(found) >= limit:
            break
    return found


def _licences(session: Session) -> dict[tuple[int, str], date | None]:
    rows = session.execute(
        select(
            StaffRecord.institution_id, StaffRecord.physician_code, StaffRecord.licence_until
        ).where(StaffRecord.physician_code != "", StaffRecord.ended_at.is_(None))
    )
    return {(number, code): until for number, code, until in rows}


def _fault(
    licences: dict[tuple[int, str], date | None], institution_id: int, code: str, at: datetime
) -> CodeFault | None:
    if not code:
        return CodeFault.MISSING
    if (institution_id, code) not in licences:
        return CodeFault.UNKNOWN
    until = licences[institution_id, code]
    return CodeFault.OVER if until is not None and until < day_of(at) else None
