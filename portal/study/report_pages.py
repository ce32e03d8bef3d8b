"""The report: as a page, in its earlier versions, and as a PDF to keep (A-12, A-43, A-50)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.auditing import note_view
from portal.context import database_session
from portal.decisions import study_action
from portal.doors import DOCTOR, StudyDoor
from portal.entry import entry_kind
from portal.limits import limited
from portal.study import shown, watermark
from portal.study.pages import study_frame
from server import clock, report_versions, reports
from server.access import Action
from server.accounts import EntryKind
from server.model import Report
from server.report_versions import ReportChange, ReportVersion, VersionState
from server.reports import ReportField
from server.terms import china_time

blueprint = Blueprint("study_report", __name__)

PDF = "report.pdf"
PDFS = "20 per minute"
# Web views that can neither keep files nor print.
_WITHOUT_FILES = (EntryKind.MINI_PROGRAM, EntryKind.OFFICIAL_ACCOUNT)


@dataclass(frozen=True)
class VersionLink:
    """One version as it is listed; `href` is "" for the one shown and for withdrawn ones."""

    words: str
    href: str
    current: bool


@dataclass(frozen=True)
class ReportView:
    """What templates/study/report.html is given of the report; `report` None before a review.

    `notice` says which version this is where there are several; `changes` what the served one
    says otherwise than the earlier one that is shown.
    """

    report: Report | None
    facts: tuple[ReportField, ...]
    findings: ReportField
    impression: ReportField
    physicians: ReportField
    versions: tuple[VersionLink, ...]
    notice: str
    changes: tuple[ReportChange, ...]
    pdf_href: str
    kept_elsewhere: bool
    cite_href: str


@blueprint.get("/report")
@study_action(Action.VIEW_REPORT)
def report(door: StudyDoor) -> str:
    """Show the report as fields (A-19); `?version=` opens one that was corrected."""
    served, opened = _chosen(door)
    page = render_template(
        "study/report.html", study=study_frame(door), page=_view(door, served, opened)
    )
    note_view(door, "report.view")
    return page


@blueprint.get(f"/{PDF}")
@study_action(Action.DOWNLOAD)
@limited(PDFS)
def pdf(door: StudyDoor) -> Response:
    """Send the report as a PDF. Raises AccessDenied where only one of both is allowed."""
    door.authorize(Action.VIEW_REPORT)
    served, opened = _chosen(door)
    if served is None or opened is None:
        raise NotFound
    # reportlab takes a while to load, and few people print.
    from server.report_pdf import ReportDocument, report_pdf

    study = door.study
    data = report_pdf(
        ReportDocument(
            cloud_index=study.cloud_index,
            fields=_fields(door, opened),
            exam_overview=opened.exam_overview,
            physician_code=opened.reporting_physician_code,
            notice=_notice(served, opened),
            watermark=watermark.words(door),
            foot=_foot(),
        )
    )
    note_view(door, "report.download")
    day = china_time(study.study_datetime).strftime("%Y%m%d")
    headers = {"Content-Disposition": f'attachment; filename="report-{day}.pdf"'}
    return Response(data, content_type="application/pdf", headers=headers)


def _chosen(door: StudyDoor) -> tuple[Report | None, Report | None]:
    """Return the served report, and the one to show. Raises NotFound for versions not given out.

    The recipient of a share reads the served one only.
    """
    session = database_session()
    served = reports.served_report(session, door.study)
    number = request.args.get("version", type=int)
    if served is None or number is None or number == served.version:
        return served, served
    earlier = None
    if door.kind != "share":
        earlier = report_versions.earlier_version(session, door.study, served, number)
    if earlier is None:
        raise NotFound
    return served, earlier


def _fields(door: StudyDoor, opened: Report | None) -> tuple[ReportField, ...]:
    return reports.report_fields(
        opened, door.study, door.study.person, show_identity=shown.shows_identity(door)
    )


def _view(door: StudyDoor, served: Report | None, opened: Report | None) -> ReportView:
    fields = {field.name: field for field in _fields(door, opened)}
    findings, impression = fields.pop("findings"), fields.pop("impression")
    physicians = fields.pop("physicians")
    may_keep = opened is not None and door.allows(Action.DOWNLOAD)
    can_keep = entry_kind() not in _WITHOUT_FILES
    return ReportView(
        report=opened,
        facts=tuple(fields.values()),
        findings=findings,
        impression=impression,
        physicians=physicians,
        versions=_versions(door, served, opened),
        notice=_notice(served, opened),
        changes=_changes(served, opened),
        pdf_href=_pdf_href(door, served, opened) if may_keep and can_keep else "",
        kept_elsewhere=may_keep and not can_keep,
        cite_href=door.url("citations") if _may_cite(door, served, opened) else "",
    )


def _may_cite(door: StudyDoor, served: Report | None, opened: Report | None) -> bool:
    """Whether a doctor looks at the version in force: no other is cited."""
    reads = door.kind == DOCTOR and door.allows(Action.VIEW_DICOM)  # a supervisor cites nothing
    return reads and opened is not None and opened is served


def _pdf_href(door: StudyDoor, served: Report | None, opened: Report | None) -> str:
    if opened is None or opened is served:
        return door.url(PDF)
    return f"{door.url(PDF)}?version={opened.version}"


def _changes(served: Report | None, opened: Report | None) -> tuple[ReportChange, ...]:
    if served is None or opened is None or opened is served:
        return ()
    return report_versions.changes(opened, served)


def _notice(served: Report | None, opened: Report | None) -> str:
    if served is None or opened is None or opened is served:
        return ""
    return _(
        "这是第 %(old)s 版报告，已由第 %(new)s 版更正，请以第 %(new)s 版为准。",
        old=opened.version,
        new=served.version,
    )


def _versions(
    door: StudyDoor, served: Report | None, opened: Report | None
) -> tuple[VersionLink, ...]:
    if served is None or opened is None or door.kind == "share":
        return ()
    found = report_versions.versions(database_session(), door.study, served)
    return tuple(_link(door, one, opened) for one in found) if len(found) > 1 else ()


def _link(door: StudyDoor, version: ReportVersion, opened: Report) -> VersionLink:
    day = china_time(version.settled_at).strftime("%Y-%m-%d")
    words = {
        VersionState.CURRENT: _("第 %(n)s 版（%(day)s，现行）", n=version.number, day=day),
        VersionState.CORRECTED: _("第 %(n)s 版（%(day)s，已更正）", n=version.number, day=day),
        VersionState.WITHDRAWN: _(
            "第 %(n)s 版（%(day)s，医院已撤回，不再提供）", n=version.number, day=day
        ),
        VersionState.REPLACED: _(
            "第 %(n)s 版（%(day)s，医院已重新上传，不再提供）", n=version.number, day=day
        ),
    }
    current = version.number == opened.version
    opens = not current and version.state is VersionState.CORRECTED
    return VersionLink(
        words=words[version.state],
        href=f"{door.url('report')}?version={version.number}" if opens else "",
        current=current,
    )


def _foot() -> str:
    made = china_time(clock.now()).strftime("%Y-%m-%d %H:%M")
    return f"报告以医院出具的为准 · 生成于 {made}"
