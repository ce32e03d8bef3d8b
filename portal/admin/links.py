"""The lines between institutions and the centre (D-08)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.admin.console import actor, show
from portal.admin.institutions import link_state
from portal.admin.sections import changes, reads
from portal.context import current_cloud, database_session
from portal.limits import limited
from server.centre import institutions, links
from server.centre.acting import OutOfReachError
from server.centre.links import LinkError, LinkFacts
from server.model import LinkKind, TransferLink

blueprint = Blueprint("admin_links", __name__, url_prefix="/admin/links")

LIST = "/admin/links"
UNPROCESSABLE = 422


@blueprint.get("")
@reads("links")
def page() -> str:
    """Show the lines, failing ones first."""
    return _page()


@blueprint.post("")
@changes("links")
def add() -> ResponseReturnValue:
    """Add a line."""
    try:
        institution_id = int(request.form.get("institution", "0"))
        institutions.find(database_session(), actor(), institution_id)
        links.add(database_session(), actor(), institution_id, _given())
    except (LinkError, ValueError) as error:
        return _page(wrong=_wrong(error)), UNPROCESSABLE
    except OutOfReachError as error:
        raise NotFound from error
    flash(_("已添加，五分钟内自动检测。"), "success")
    return redirect(LIST, 303)


@blueprint.get("/<link_id>")
@changes("links")
def one(link_id: str) -> str:
    """Show the form that changes or deletes a line."""
    return show("admin/link.html", link=_found(link_id), wrong="", kinds=kinds())


@blueprint.post("/<link_id>")
@changes("links")
def change(link_id: str) -> ResponseReturnValue:
    """Change a line."""
    found = _found(link_id)
    try:
        links.change(database_session(), actor(), link_id, _given())
    except (LinkError, ValueError) as error:
        page = show("admin/link.html", link=found, wrong=_wrong(error), kinds=kinds())
        return page, UNPROCESSABLE
    flash(_("已保存，五分钟内重新检测。"), "success")
    return redirect(LIST, 303)


@blueprint.post("/<link_id>/remove")
@changes("links")
def remove(link_id: str) -> ResponseReturnValue:
    """Delete a line."""
    _found(link_id)
    links.remove(database_session(), actor(), link_id)
    flash(_("已删除链路。"), "success")
    return redirect(LIST, 303)


@blueprint.post("/check")
@limited("6 per minute")
@changes("links")
def check() -> ResponseReturnValue:
    """Try all lines now."""
    failing = links.check_all(current_cloud())
    if failing:
        flash(_("检测完成：%(count)s 条不通，已列入告警。", count=failing), "warning")
    else:
        flash(_("检测完成：全部正常。"), "success")
    return redirect(LIST, 303)


def kinds() -> list[tuple[str, str]]:
    """Return the ways of trying a line with their words."""
    return [
        (LinkKind.TCP.value, _("端口连通（TCP）")),
        (LinkKind.DICOM.value, _("DICOM C-ECHO")),
    ]


def _page(wrong: str = "") -> str:
    session, who = database_session(), actor()
    living = [row.institution for row in institutions.rows(session, who)]
    return show(
        "admin/links.html",
        links=links.links(session, who),
        state=link_state,
        institutions=[one for one in living if one.ended_at is None],
        kinds=kinds(),
        wrong=wrong,
    )


def _found(link_id: str) -> TransferLink:
    try:
        return links.find(database_session(), actor(), link_id)
    except OutOfReachError as error:
        raise NotFound from error


def _given() -> LinkFacts:
    form = request.form
    return LinkFacts(
        name=form.get("name", "").strip(),
        kind=LinkKind(form.get("kind", "")),
        host=form.get("host", "").strip(),
        port=int(form.get("port", "")),
        ae_title=form.get("ae_title", "").strip(),
        bandwidth_mbps=int(form.get("bandwidth_mbps", "") or 0),
    )


def _wrong(error: Exception) -> str:
    words = {
        "name": _("请填写链路名称。"),
        "host": _("地址应为主机名或 IP 地址。"),
        "port": _("端口应为 1 到 65535 的数字。"),
        "ae_title": _("C-ECHO 需要 AE 标题（不超过 16 个英文字符）。"),
    }
    field = getattr(error, "field", "")
    return words.get(field, _("请核对填写的内容：端口和带宽应为数字。"))
