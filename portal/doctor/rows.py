"""The rows of the work list as its template is given them: all words and addresses made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from server.imaging.opening import opening_frame
from server.model import ProcessingState, Series
from server.terms import china_time
from server.timeline import ReportState
from server.work_list import WorkListEntry


@dataclass(frozen=True)
class Row:
    """One study of the work list; `href` is "" while its pictures cannot be shown."""

    entry: WorkListEntry
    title: str
    study_datetime: datetime
    when: str
    report: str
    report_kind: str
    pictures: str
    href: str
    report_href: str
    thumbnail_url: str


def row(entry: WorkListEntry, series: Series | None, base: str) -> Row:
    """Return an entry as it is shown below `base`; `series` gives the picture for it."""
    local = china_time(entry.study_datetime)
    address = f"{base}/{entry.study_id}"
    ready = entry.picture_state == ProcessingState.READY and series is not None
    reviewed = entry.report_state is ReportState.REVIEWED
    return Row(
        entry=entry,
        title=entry.description or f"{entry.modality_label} {entry.body_part}".strip(),
        study_datetime=local,
        when=local.strftime("%Y-%m-%d %H:%M"),
        report=_report(entry.report_state),
        report_kind="success" if reviewed else "neutral",
        pictures="" if ready else _why(entry.picture_state),
        href=f"{address}/dicom" if ready else "",
        report_href=f"{address}/report" if reviewed else "",
        thumbnail_url=_thumbnail(address, series) if series is not None and ready else "",
    )


def _thumbnail(address: str, series: Series) -> str:
    return f"{address}/series/{series.series_id}/pictures/{opening_frame(series)}/thumbnail"


def _report(state: ReportState) -> str:
    return {
        ReportState.NONE: _("未出报告"),
        ReportState.PENDING: _("待审核"),
        ReportState.REVIEWED: _("已审核"),
        ReportState.WITHDRAWN: _("已撤回"),
    }[state]


def _why(state: ProcessingState) -> str:
    return _("影像无法显示") if state == ProcessingState.FAILED else _("影像正在准备")
