"""Requests to export records: asked by one, approved by another (F-26)."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.admin import words
from portal.admin.console import actor, moment, show
from portal.admin.sections import ADMINISTRATOR, changes, reads
from portal.context import database_session
from server.centre import exports
from server.centre.acting import OutOfReachError
from server.centre.exports import ExportRefusedError
from server.centre.records import Kind, Wanted
from server.clock import now
from server.csv_files import csv_bytes
from server.model import ExportRequest, ExportState, Institution

blueprint = Blueprint("admin_exports", __name__, url_prefix="/admin/exports")

LIST = "/admin/exports"


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
        kinds={kind.value: label for kind, label in words.kind_words().items()},
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
    wanted = Wanted.from_json(request_.kind, request_.wanted)
    words_ = [f"{wanted.period.since} – {wanted.period.until}"]
    if wanted.institution_id is not None:
        found = database_session().get(Institution, wanted.institution_id)
        words_.append(found.name if found is not None else _("未登记医疗机构"))
    if wanted.person_id is not None:
        words_.append(_("仅一名患者"))
    return " · ".join(words_)
