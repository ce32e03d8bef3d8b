"""Which report lies in a download's archive, and whether it is still the one that may be read."""

from __future__ import annotations

from sqlalchemy.orm import Session

from server import reports
from server.model import Download, DownloadState, Report, Study


def report_to_pack(session: Session, study: Study) -> Report | None:
    """Return the report that belongs into an archive just now (A-17, A-50)."""
    return reports.served_report(session, study) if study.digital_film else None


def is_current(session: Session, download: Download) -> bool:
    """Whether an archive, once packed, holds the report that is served now, or rightly none.

    After an amendment or a withdrawal it holds another one, maybe somebody else's: nothing more
    of it leaves, and its owner asks for a new one.
    """
    if download.state != DownloadState.READY:
        return True
    due = report_to_pack(session, download.study)
    return download.report_id == (due.id if due is not None else None)
