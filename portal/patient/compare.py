"""Two dates of one body part side by side: what the reports say, and the pictures (A-44)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest

from portal.auditing import note_view
from portal.context import current_cloud, database_session
from portal.decisions import signed_in
from portal.doors import StudyDoor, open_door
from portal.patient.views import blueprint
from portal.study import shown
from server import comparison, reports
from server.access import Action
from server.imaging.opening import opening_frame, opening_series
from server.model import PreviewKind, Report, Role, Series, Study
from server.report_statements import PartCompared, compared
from server.terms import body_part_label, china_time, modality_label

ADDRESS = "/studies/compare"


@dataclass(frozen=True)
class Side:
    """One of the two examinations; addresses are "" where they do not lead."""

    study_id: str
    title: str
    date: str
    hospital: str
    modality_label: str
    picture_url: str
    thumbnail_url: str
    pictures_href: str
    report_href: str
    no_report: str


@dataclass(frozen=True)
class Comparison:
    """What templates/patient/compare.html is given: the earlier one first."""

    part: str
    sides: tuple[Side, Side]
    opinion: tuple[PartCompared, ...]
    findings: tuple[PartCompared, ...]
    beside_href: str
    choose_href: str


@dataclass(frozen=True)
class Choice:
    """What templates/patient/compare_choice.html is given."""

    side: Side
    part: str
    others: tuple[tuple[Side, str], ...]


@blueprint.get("/studies/compare")
@signed_in(roles=(Role.PATIENT,))
def compare() -> ResponseReturnValue:
    """Show two examinations side by side, or ask for the second one.

    Each is authorised by itself, as its own page is. Raises NotFound, AccessDenied.
    """
    first = _opened(request.args.get("first", ""))
    second_id = request.args.get("second", "")
    if not second_id:
        return render_template("patient/compare_choice.html", page=_choice(first))
    second = _opened(second_id)
    if not _belong_together(first.study, second.study):
        flash(_("只能对比同一个人同一部位的两次检查，请另选一次。"), "warning")
        return redirect(f"{ADDRESS}?{urlencode({'first': first.study.study_id})}", 303)
    page = render_template("patient/compare.html", page=_comparison(first, second))
    for door in (first, second):
        note_view(door, "study.compare")
    return page


def _opened(study_id: str) -> StudyDoor:
    """Return the door of a study of which report or pictures may be seen now."""
    opened = open_door({"study_id": study_id}, None)
    if not isinstance(opened, StudyDoor):
        raise BadRequest
    if not opened.allows(Action.VIEW_REPORT):
        opened.authorize(Action.VIEW_PICTURES)
    return opened


def _belong_together(one: Study, other: Study) -> bool:
    part = body_part_label(one.body_part)
    return (
        one.study_id != other.study_id
        and one.person_id == other.person_id
        and part != ""
        and part == body_part_label(other.body_part)
    )


def _choice(first: StudyDoor) -> Choice:
    study = first.study
    found = comparison.studies_like(current_cloud(), database_session(), first.grant, study)
    doors = [StudyDoor("patient", f"/studies/{one.study_id}", first.grant, one) for one in found]
    return Choice(
        side=_side(first),
        part=body_part_label(study.body_part),
        others=tuple(
            (_side(door), _address(study.study_id, door.study.study_id)) for door in doors
        ),
    )


def _comparison(one: StudyDoor, other: StudyDoor) -> Comparison:
    earlier, later = sorted((one, other), key=lambda door: door.study.study_datetime)
    reported = (_report(earlier), _report(later))
    sides = (_side(earlier), _side(later))
    dicom = all(
        door.allows(Action.VIEW_DICOM) and shown.ready_series(door) for door in (one, other)
    )
    return Comparison(
        part=body_part_label(one.study.body_part),
        sides=sides,
        opinion=compared(*(report.impression if report else "" for report in reported)),
        findings=compared(*(report.findings if report else "" for report in reported)),
        beside_href=later.url(f"dicom?beside={earlier.study.study_id}") if dicom else "",
        choose_href=f"{ADDRESS}?{urlencode({'first': one.study.study_id})}",
    )


def _report(door: StudyDoor) -> Report | None:
    if not door.allows(Action.VIEW_REPORT):
        return None
    return reports.served_report(database_session(), door.study)


def _side(door: StudyDoor) -> Side:
    study = door.study
    readable = door.allows(Action.VIEW_REPORT)
    pictures = shown.ready_series(door) if door.allows(Action.VIEW_PICTURES) else []
    return Side(
        study_id=study.study_id,
        title=shown.study_title(door),
        date=china_time(study.study_datetime).strftime("%Y-%m-%d"),
        hospital=study.institution.name,
        modality_label=modality_label(study.modality),
        picture_url=_picture(door, pictures, PreviewKind.FULL),
        thumbnail_url=_picture(door, pictures, PreviewKind.THUMBNAIL),
        pictures_href=door.pictures_url if pictures else "",
        report_href=door.url("report") if readable else "",
        no_report="" if readable else _("这次检查的报告不能在这里查看"),
    )


def _picture(door: StudyDoor, pictures: list[Series], kind: PreviewKind) -> str:
    if not pictures:
        return ""
    series = opening_series(pictures)
    return door.url(f"series/{series.series_id}/pictures/{opening_frame(series)}/{kind.value}")


def _address(first: str, second: str) -> str:
    return f"{ADDRESS}?{urlencode({'first': first, 'second': second})}"
