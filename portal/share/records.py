"""What became of the shares one gave: the list, one share's openings, taking back (A-27 … A-29)."""

from __future__ import annotations

import json

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from jinja2_fragments.flask import render_block

from portal.context import current_cloud, database_session
from portal.decisions import signed_in
from portal.identity import signed_in_identity, source_address
from portal.share.forms import PeriodForm, ViewsForm
from portal.share.rows import OpeningRow, ShareRow, opening_row, row, share_row
from server import sharing
from server.model import Account, Role, Share
from server.sharing import Outcome

blueprint = Blueprint("share_records", __name__)

PATIENTS = (Role.PATIENT,)
LIST = "/shares"
REVOKED_EVENT = "share:revoked"


@blueprint.get("")
@signed_in(roles=PATIENTS)
def shares() -> str:
    """Show the shares, newest first."""
    return render_template("share/list.html", rows=_rows())


@blueprint.get("/<share_id>")
@signed_in(roles=PATIENTS)
def share_detail(share_id: str) -> str:
    """Show one share and each of its openings."""
    return detail_page(share_id)


@blueprint.get("/<share_id>/revoke")
@signed_in(roles=PATIENTS)
def confirm_revoke(share_id: str) -> ResponseReturnValue:
    """Ask before revoking, where no script shows the dialog."""
    shown, _openings = _detail(share_id)
    if not shown.revocable:
        return redirect(shown.href, 303)
    return render_template("share/revoke.html", row=shown, action=f"{shown.href}/revoke")


@blueprint.post("/<share_id>/revoke")
@signed_in(roles=PATIENTS)
def revoke(share_id: str) -> ResponseReturnValue:
    """End a share (A-28); htmx gets the row as it is now."""
    session = database_session()
    sharing.revoke(session, _account(), share_id, source=source_address())
    words = str(_("已撤销，链接立即失效，不能恢复。"))
    if "HX-Request" not in request.headers:
        flash(words, "success")
        return redirect(LIST, 303)
    session.expire_all()
    shown, _openings = _detail(share_id)
    response = Response(render_block("share/_row.html", "one", row=shown))
    # Header values are ASCII; json.dumps escapes the words.
    told = {REVOKED_EVENT: {"text": words, "row": f"share-{share_id}"}}
    response.headers["HX-Trigger-After-Settle"] = json.dumps(told)
    return response


@blueprint.get("/revoke-all")
@signed_in(roles=PATIENTS)
def confirm_revoke_all() -> ResponseReturnValue:
    """Ask before revoking all, where no script shows the dialog."""
    if not any(one.revocable for one in _rows()):
        return redirect(LIST, 303)
    return render_template("share/revoke.html", row=None, action=f"{LIST}/revoke-all")


@blueprint.post("/revoke-all")
@signed_in(roles=PATIENTS)
def revoke_all() -> ResponseReturnValue:
    """End every share that still opens."""
    open_ones = [one for one in _rows() if one.revocable]
    session, account = database_session(), _account()
    for one in open_ones:
        sharing.revoke(session, account, one.share_id, source=source_address())
    flash(_("已撤销 %(count)d 个分享，链接立即失效，不能恢复。", count=len(open_ones)), "success")
    return redirect(LIST, 303)


def _account() -> Account:
    return database_session().get_one(Account, signed_in_identity().account_id)


def _rows() -> list[ShareRow]:
    return [row(record) for record in sharing.shares_of(database_session(), _account())]


def detail_page(
    share_id: str, *, period: PeriodForm | None = None, views: ViewsForm | None = None
) -> str:
    """Return the page of one share, its forms as they were sent. Raises AccessDenied."""
    shown, openings = _detail(share_id)
    return render_template(
        "share/detail.html",
        row=shown,
        openings=openings,
        shows_places=bool(current_cloud().settings.hospital_networks),
        period=period or PeriodForm(formdata=None),
        views=views or ViewsForm(formdata=None),
    )


def _detail(share_id: str) -> tuple[ShareRow, list[OpeningRow]]:
    """Return a share and its openings. Raises AccessDenied for anybody else's or an unknown one."""
    session, account = database_session(), _account()
    openings = sharing.openings(session, account, share_id)
    share = session.get_one(Share, share_id)
    last = next((one.time for one in openings if one.outcome is Outcome.OPENED), None)
    shown = share_row(share, last, given_by_me=share.account_id == account.id)
    return shown, [opening_row(one) for one in openings]
