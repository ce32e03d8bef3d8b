"""The work list of a doctor: his hospital's studies, newest first, narrowed by a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from jinja2_fragments.flask import render_block
from werkzeug.exceptions import BadRequest

from portal.auditing import note_list
from portal.context import current_cloud, database_session
from portal.decisions import signed_in
from portal.doctor.history import OpenHistory, open_histories
from portal.doctor.rows import Row, row
from portal.identity import signed_in_identity, source_address
from portal.typed import day_of
from server import access, staff, work_list
from server.imaging.opening import opening_series_of
from server.model import Account, Institution, Role
from server.quality import manual
from server.terms import modality_label
from server.timeline import PageMarkError
from server.work_list import WorkListFilter

blueprint = Blueprint("doctor", __name__)

LIST = "/doctor/studies"
LONGEST_TEXT = 64
_FIELDS = ("text", "modality", "since", "until")


@dataclass(frozen=True)
class WorkListView:
    """What the work list's template is given; `asked` is what stands in the form."""

    institution_name: str
    rows: tuple[Row, ...]
    asked: Mapping[str, str]
    modalities: tuple[tuple[str, str], ...]
    narrowed: bool
    more_url: str
    open_histories: tuple[OpenHistory, ...]
    judges_quality: bool


@blueprint.get("/doctor")
@signed_in(roles=(Role.DOCTOR,))
def start() -> ResponseReturnValue:
    """Lead to the work list."""
    return redirect(LIST, 303)


@blueprint.get("/doctor/studies/<study_id>")
@signed_in(roles=(Role.DOCTOR,))
def study(study_id: str) -> ResponseReturnValue:
    """Lead to the reading page of a study, which decides who may see it."""
    return redirect(f"{LIST}/{study_id}/dicom", 303)


@blueprint.get("/doctor/studies")
@signed_in(roles=(Role.DOCTOR,))
def studies() -> ResponseReturnValue:
    """Show the work list; htmx asks for later pages only."""
    view = _view()
    note_list("work_list.view", rows=len(view.rows))
    if "HX-Request" in request.headers:
        return str(render_block("doctor/work_list.html", "rows", page=view))
    return render_template("doctor/work_list.html", page=view)


def _view() -> WorkListView:
    cloud, session = current_cloud(), database_session()
    account = session.get_one(Account, signed_in_identity().account_id)
    grant = access.doctor_grant(cloud, session, account, source=source_address())
    asked = {name: request.args.get(name, "").strip()[:LONGEST_TEXT] for name in _FIELDS}
    try:
        found = work_list.work_list(session, grant, _filter(asked), page=request.args.get("page"))
    except PageMarkError as error:
        raise BadRequest from error
    institution_id = staff.reads_for(session, account.id)
    institution = session.get(Institution, institution_id) if institution_id is not None else None
    series = opening_series_of(session, [one.study_id for one in found.entries])
    return WorkListView(
        institution_name=institution.name if institution is not None else _("未登记医疗机构"),
        rows=tuple(row(one, series.get(one.study_id), LIST) for one in found.entries),
        asked=asked,
        modalities=_modalities(institution_id),
        narrowed=any(asked.values()),
        more_url=_address(asked, found.next_page) if found.next_page else "",
        open_histories=open_histories(account),
        judges_quality=manual.duty_of(session, account.id) is not None,
    )


def _filter(asked: Mapping[str, str]) -> WorkListFilter:
    """Return what the form says; a day that is none narrows nothing."""
    return WorkListFilter(
        asked["text"], asked["modality"], day_of(asked["since"]), day_of(asked["until"])
    )


def _modalities(institution_id: int | None) -> tuple[tuple[str, str], ...]:
    if institution_id is None:
        return ()
    found = work_list.modalities_of(database_session(), institution_id)
    return tuple((one, modality_label(one)) for one in found)


def _address(asked: Mapping[str, str], page: str) -> str:
    values = {name: value for name, value in asked.items() if value} | {"page": page}
    return f"{LIST}?{urlencode(values)}"
