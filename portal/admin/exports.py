"""Requests to export records: asked by one, approved by another (F-26)."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, flash, redirect, request, stream_with_context
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.admin import words
from portal.admin.console import actor, choosable, moment, show
from portal.admin.sections import ADMINISTRATOR, changes, reads
from portal.context import current_cloud, database_session
from portal.doctor.purpose import asked_purpose
from portal.typed import number_of
from server.centre import exports
from server.centre.acting import OutOfReachError
from server.centre.exports import ExportRefusedError
from server.centre.period import period
from server.centre.records import Kind, Wanted
from server.clock import now
from server.csv_files import csv_bytes
from server.model import ExportRequest, ExportState, Institution
from server.research import exporting
from server.research.exporting import RESEARCH, ResearchWanted

blueprint = Blueprint("admin_exports", __name__, url_prefix="/admin/exports")

LIST = "/admin/exports"
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY
_ASKED = ("approval", "institution", "modality", "body_part", "reason")


@blueprint.get("")
@reads("exports")
def page() -> str:
    """Show the requests that concern this person."""
    session, who = database_session(), actor()
    return show(
        "admin/exports.html",
        requests=exports.visible(session, who),
        who=who,
        told=told,
        kinds={kind.value: label for kind, label in words.kind_words().items()}
        | {RESEARCH: _("科研影像（去标识化）")},
        state=state,
        approver=who.role is ADMINISTRATOR,
    )


@blueprint.post("/<export_id>")
@changes("exports", (ADMINISTRATOR,))
def decide(export_id: str) -> ResponseReturnValue:
    """Approve or refuse."""
    approved = request.form.get("verdict") == "approve"
    try:
        exports.decide(database_session(), actor(), export_id, approved)
        flash(_("已批准，申请人三天内可下载。") if approved else _("已驳回。"), "success")
    except ExportRefusedError as refused:
        flash(words.export_refusal(refused.reason), "error")
    except OutOfReachError as error:
        raise NotFound from error
    return redirect(LIST, 303)


@blueprint.get("/<export_id>/file")
@reads("exports")
def file(export_id: str) -> ResponseReturnValue:
    """Send the file of an approved request to who asked for it."""
    session = database_session()
    try:
        asked = exports.approved(session, actor(), export_id)
        if asked.kind == RESEARCH:
            return _images(asked)
        found = exports.rows(session, actor(), export_id)
    except ExportRefusedError as refused:
        flash(words.export_refusal(refused.reason), "error")
        return redirect(LIST, 303)
    except OutOfReachError as error:
        raise NotFound from error
    kind = Kind(session.get_one(ExportRequest, export_id).kind)
    data = csv_bytes(
        words.heads(kind),
        (
            (
                moment(one.time),
                one.institution,
                one.person,
                one.what,
                one.who,
                words.state_word(one.state),
            )
            for one in found
        ),
    )
    headers = {"Content-Disposition": f'attachment; filename="{kind.value}.csv"'}
    return Response(data, content_type="text/csv; charset=utf-8", headers=headers)


@blueprint.get("/research")
@changes("exports", (ADMINISTRATOR,))
def research_form() -> str:
    """Show the form that asks for images for research."""
    return _form({})


@blueprint.post("/research")
@changes("exports", (ADMINISTRATOR,))
def ask_for_research() -> ResponseReturnValue:
    """Ask for images for research, under an authority's approval (F-30, F-23)."""
    given = request.form.to_dict()
    use = asked_purpose()
    if use is None:
        return _form(given), UNPROCESSABLE
    wanted = ResearchWanted(
        period(given.get("since", ""), given.get("until", "")),
        number_of(given.get("institution", "")),
        given.get("modality", "").strip().upper()[:16],
        given.get("body_part", "").strip()[:64],
        use.approval,
    )
    try:
        exports.ask(database_session(), actor(), wanted, given.get("reason", ""))
    except ExportRefusedError as refused:
        flash(words.export_refusal(refused.reason), "error")
        return _form(given), UNPROCESSABLE
    flash(_("已提交，等待另一位系统管理员审批。"), "success")
    return redirect(LIST, 303)


def _form(given: dict[str, str]) -> str:
    days = period(given.get("since", ""), given.get("until", ""))
    return show(
        "admin/research.html",
        given={name: given.get(name, "") for name in _ASKED},
        period=days,
        institutions=choosable(),
    )


def _images(asked: ExportRequest) -> Response:
    """Send the archive as it is made: each object is read, cleaned and checked on its way."""
    cloud, session = current_cloud(), database_session()
    asked.downloads += 1
    plan = exporting.plan(cloud, session, ResearchWanted.from_json(asked.wanted))
    detail = {"studies": len(plan.studies), "objects": plan.objects}
    actor().note(session, "export.download", "export", asked.export_id, detail)
    headers = {"Content-Disposition": 'attachment; filename="research.zip"'}
    pieces = stream_with_context(exporting.archive(cloud, plan))
    return Response(pieces, content_type="application/zip", headers=headers)


def state(request_: ExportRequest) -> tuple[str, str]:
    """Return the words and the badge of a request's state."""
    if request_.state == ExportState.REQUESTED:
        return _("等待审批"), "warning"
    if request_.state == ExportState.REFUSED:
        return _("已驳回"), "neutral"
    if request_.expires_at is not None and request_.expires_at <= now():
        return _("批准已过期"), "neutral"
    return _("已批准"), "success"


def told(request_: ExportRequest) -> str:
    """Return what would be exported: days, institution, whether of one person."""
    if request_.kind == RESEARCH:
        asked = ResearchWanted.from_json(request_.wanted)
        chosen = (asked.modality, asked.body_part, asked.approval)
        return " · ".join([_told_of(asked), *filter(None, chosen)])
    wanted = Wanted.from_json(request_.kind, request_.wanted)
    return " · ".join([_told_of(wanted), *([_("仅一名患者")] if wanted.person_id else [])])


def _told_of(wanted: Wanted | ResearchWanted) -> str:
    words_ = [f"{wanted.period.since} – {wanted.period.until}"]
    if wanted.institution_id is not None:
        found = database_session().get(Institution, wanted.institution_id)
        words_.append(found.name if found is not None else _("未登记医疗机构"))
    return " · ".join(words_)
