"""The versions of a report: which may be opened beside the served one, what differs (A-50)."""

from __future__ import annotations

import difflib
import enum
import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.model import Report, ReportStatus, Study

# A sentence ends with its stop, or with its line.
_SENTENCE = re.compile(r"[^。；;\n]+[。；;]?")
_COMPARED = (
    ("exam_item", "检查项目名称"),
    ("exam_overview", "检查概况"),
    ("findings", "影像表现"),
    ("impression", "诊断意见"),
    ("reporting_physician", "报告医师"),
    ("reviewing_physician", "审核医师"),
)


class VersionState(enum.StrEnum):
    """What became of a version."""

    CURRENT = "current"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"  # the hospital uploaded another in its place (D-39)


_STATES = {
    ReportStatus.WITHDRAWN: VersionState.WITHDRAWN,
    ReportStatus.REPLACED: VersionState.REPLACED,
}


@dataclass(frozen=True)
class ReportVersion:
    """One version that was given out once; `settled_at` is an instant in UTC."""

    number: int
    state: VersionState
    settled_at: datetime


@dataclass(frozen=True)
class ReportChange:
    """What of one part of the report was taken out and put in, sentence by sentence."""

    label: str
    removed: tuple[str, ...]
    added: tuple[str, ...]


def versions(session: Session, study: Study, served: Report) -> tuple[ReportVersion, ...]:
    """Return the versions up to the served one, newest first.

    One that was withdrawn or replaced is named but not opened (see earlier_version): it may have
    been somebody else's.
    """
    found = session.scalars(
        select(Report)
        .where(
            Report.study_id == study.study_id,
            Report.status != ReportStatus.DRAFT,
            Report.version <= served.version,
        )
        .order_by(Report.version.desc())
    )
    return tuple(
        ReportVersion(one.version, _state(one, served), one.reported_at or one.created_at)
        for one in found
    )


def earlier_version(session: Session, study: Study, served: Report, number: int) -> Report | None:
    """Return a version that the served one corrected; None for drafts, later ones, and those that
    were withdrawn or replaced."""
    return session.scalar(
        select(Report).where(
            Report.study_id == study.study_id,
            Report.version == number,
            Report.version < served.version,
            Report.status == ReportStatus.REVIEWED,
        )
    )


def changes(earlier: Report, later: Report) -> tuple[ReportChange, ...]:
    """Return what `later` says otherwise than `earlier`, part by part; alike parts are left out."""
    found = (
        _change(label, getattr(earlier, name), getattr(later, name)) for name, label in _COMPARED
    )
    return tuple(one for one in found if one.removed or one.added)


def sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of a text in their order."""
    return tuple(one.strip() for one in _SENTENCE.findall(text) if one.strip())


def _state(report: Report, served: Report) -> VersionState:
    if report.version == served.version:
        return VersionState.CURRENT
    return _STATES.get(report.status, VersionState.CORRECTED)


def _change(label: str, earlier: str, later: str) -> ReportChange:
    before, after = sentences(earlier), sentences(later)
    removed: list[str] = []
    added: list[str] = []
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    for kind, start, end, from_, to in matcher.get_opcodes():
        if kind != "equal":
            removed += before[start:end]
            added += after[from_:to]
    return ReportChange(label, tuple(removed), tuple(added))
