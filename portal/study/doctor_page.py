"""What the doctor's page has besides the DICOM page: his toolbar and habits, report, keys."""

from __future__ import annotations

from typing import Any

from portal.context import database_session
from portal.doors import StudyDoor
from portal.launch.launched import launched_base
from portal.study import shown
from portal.study.page_models import StudyFrame
from portal.study.quality import quality_panel
from server import preferences, reports
from server.access import Action
from server.reports import ReportField
from viewer_py.view.doctor_toolbar import doctor_toolbar
from viewer_py.view.habits import Reader
from viewer_py.view.shortcuts import shortcuts


def context(door: StudyDoor, study: StudyFrame) -> dict[str, Any]:
    """Return what templates/doctor/viewer.html is given over and above viewer/page.html."""
    account_id = door.grant.account_id
    # Whoever comes from a hospital's own system is shown report, images and quality at once (C-37).
    kept: dict[str, Any] = {} if door.grant.launch_id is None else {"report": True}
    if account_id is not None:
        kept |= preferences.preferences_of(database_session(), account_id)
    return {
        "toolbar": doctor_toolbar(),
        "reader": str(Reader.DOCTOR),
        "kept": kept,
        "work_list_url": study.links.back,
        "preferences_url": f"{_owner(door)}/preferences",
        "report": _report(door),
        "cite_url": door.url("citations"),
        "quality": quality_panel(database_session(), door.study),
        "shortcuts": shortcuts(),
    }


def _owner(door: StudyDoor) -> str:
    """Return the address of whoever reads: an account, or in a frame its launch."""
    launch_id = door.grant.launch_id
    return "/account" if launch_id is None else launched_base(launch_id)


def _report(door: StudyDoor) -> tuple[ReportField, ...] | None:
    """Return the fields of the reviewed report (C-37); None where there is none to show."""
    if not door.allows(Action.VIEW_REPORT):
        return None
    study = door.study
    served = reports.served_report(database_session(), study)
    if served is None:
        return None
    return reports.report_fields(
        served, study, study.person, show_identity=shown.shows_identity(door)
    )
