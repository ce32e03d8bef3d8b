"""The operation log, for auditors alone (D-19)."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, request
from flask_babel import gettext as _

from portal.admin.console import Cell, Table, actor, asked_period, moment, show
from portal.admin.sections import reads
from portal.context import database_session
from server import audit
from server.centre import log
from server.centre.log import Entry, Narrowed

blueprint = Blueprint("admin_log", __name__, url_prefix="/admin/log")

LIST = "/admin/log"
_FIELDS = ("login", "event", "result", "object_id")


@blueprint.get("")
@reads("log")
def page() -> str:
    """Show entries, newest first; that an auditor looked is an entry, too."""
    session, days = database_session(), asked_period(days=7)
    asked = {name: request.args.get(name, "").strip()[:64] for name in _FIELDS}
    before = request.args.get("before", "")
    found, next_before = log.page(
        session,
        Narrowed(days, **asked),
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 12 else None,
    )
    more = {"since": days.since, "until": days.until, "before": next_before, **asked}
    shown = show(
        "admin/log.html",
        table=Table(
            _("操作日志"),
            (_("时间"), _("用户"), _("操作"), _("对象"), _("结果"), _("来源"), _("序号")),
            [_row(one) for one in found],
            empty=_("没有符合条件的记录。"),
        ),
        period=days,
        asked=asked,
        kinds=[("", _("全部")), *((kind, kind) for kind in log.kinds(session))],
        results=[("", _("全部")), ("success", _("成功")), ("failure", _("失败"))],
        more_url=f"{LIST}?{urlencode(more)}" if next_before is not None else "",
    )
    actor().note(session, "log.view", "list", "", {"rows": len(found)})
    return shown


@blueprint.post("/verify")
@reads("log")
def verify() -> str:
    """Check the whole chain and say what was found (F-10)."""
    session = database_session()
    verdict = audit.verify(session)
    actor().note(session, "log.verify", "list", "", {"ok": verdict.ok, "checked": verdict.checked})
    return show("admin/log_verdict.html", verdict=verdict)


def _row(entry: Entry) -> tuple[Cell | str | int, ...]:
    one = entry.event
    failed = one.result != "success"
    result = _("失败") if failed else _("成功")
    return (
        moment(one.time),
        entry.login or one.actor or one.actor_kind,
        one.event,
        f"{one.object_kind} {one.object_id}".strip() or "-",
        Cell(f"{result} {one.reason}".strip(), badge="warning" if failed else "neutral"),
        one.source or "-",
        one.sequence,
    )
