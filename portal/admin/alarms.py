"""All alarms in one list (D-49)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from portal.admin.console import actor, in_language, show
from portal.admin.sections import changes, reads
from portal.context import database_session
from server import alarms
from server.model import Alarm

blueprint = Blueprint("admin_alarms", __name__, url_prefix="/admin/alarms")

LIST = "/admin/alarms"
CLOSED_SHOWN = 50


@dataclass(frozen=True)
class AlarmRow:
    """One alarm in the language of the page."""

    alarm_id: str
    kind: str
    words: str
    count: int
    opened_at: datetime
    last_seen_at: datetime
    closed_at: datetime | None


@blueprint.get("")
@reads("alarms")
def page() -> str:
    """Show the open alarms, and those closed last."""
    session = database_session()
    closed = session.scalars(
        select(Alarm)
        .where(Alarm.closed_at.is_not(None))
        .order_by(Alarm.closed_at.desc())
        .limit(CLOSED_SHOWN)
    )
    return show(
        "admin/alarms.html",
        alarms=[_row(one) for one in alarms.open_alarms(session)],
        closed=[_row(one) for one in closed],
    )


@blueprint.post("/close")
@changes("alarms")
def close() -> ResponseReturnValue:
    """Close an alarm; its cause, if it lives, raises it anew."""
    closed = alarms.close_alarm(
        database_session(),
        request.form.get("alarm", ""),
        actor_kind="account",
        actor=f"account:{actor().account_id}",
    )
    if closed:
        flash(_("已关闭告警。原因仍在时会再次告警。"), "success")
    else:
        flash(_("这条告警已经关闭。"), "info")
    return redirect(LIST, 303)


def newest(most: int) -> list[AlarmRow]:
    """Return the alarms that were opened last."""
    return [_row(one) for one in alarms.open_alarms(database_session())[:most]]


def _row(alarm: Alarm) -> AlarmRow:
    return AlarmRow(
        alarm.alarm_id,
        _kinds().get(alarm.kind, alarm.kind),
        in_language(alarm.words) or alarm.subject,
        alarm.count,
        alarm.opened_at,
        alarm.last_seen_at,
        alarm.closed_at,
    )


def _kinds() -> dict[str, str]:
    return {
        "health_platform": _("区域平台没有应答"),
        "link_down": _("链路不通"),
        "storage_level": _("存储超过水位"),
        "object_damaged": _("影像损坏"),
        "replica_unreachable": _("第二存储写入失败"),
        "recall_overdue": _("调回超时"),
        "recall_failed": _("调回失败"),
        "backup_failed": _("备份失败"),
        "gateway_silent": _("前置机失联"),
        "caching_failed": _("缓存失败"),
        "caching_late": _("缓存未按时完成"),
        "gateway_disk_low": _("前置机磁盘不足"),
        "reception_broken": _("前置机影像与摘要不符"),
        "settlement_overdue": _("结算数据逾期未上传"),
        "licence_over": _("许可或检测过期"),
        "quality_overdue": _("质控超期"),
    }
