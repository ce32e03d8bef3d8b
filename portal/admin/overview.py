"""The first page of the console: what needs a person today."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint
from flask_babel import gettext as _

from portal.admin import charts
from portal.admin.console import Figure, actor, show, size
from portal.admin.sections import ROOT, reads
from portal.context import database_session
from server.centre import overview
from server.centre.period import period

blueprint = Blueprint("admin_overview", __name__)


@dataclass(frozen=True)
class TaskCard:
    """One kind of things that wait."""

    words: str
    advice: str
    count: int
    address: str


@blueprint.get(ROOT)
@reads("")
def page() -> str:
    """Show what waits, and how much there is."""
    session, who = database_session(), actor()
    cards = [
        TaskCard(*_words(one.name), one.count, one.address) for one in overview.tasks(session, who)
    ]
    days = period(days=14)
    arrived = overview.studies_by_day(session, who, days)
    title = _("近 14 天收到的检查（次）")
    labels = [day[5:] for day in arrived]
    return show(
        "admin/overview.html",
        waiting=[one for one in cards if one.count],
        quiet=[one for one in cards if not one.count],
        figures=overview.figures(session, who),
        size=size,
        arrived=arrived,
        chart=Figure(title, charts.bars(title, labels, {_("检查"): [*arrived.values()]})),
    )


def _words(name: str) -> tuple[str, str]:
    return {
        "alarms": (_("未关闭的告警"), _("查明原因后关闭。")),
        "exports": (_("等待您审批的导出"), _("核对理由和范围，同意或驳回。")),
        "decisions": (_("等待您决定的处置"), _("核对理由，批准或驳回他人的提议。")),
        "openings": (_("等待您确认的新账户"), _("核对身份和角色，确认后当面交付验证器。")),
        "licences": (_("过期的许可和检测"), _("人员证书或设备检测已过期，更新登记后自动关闭。")),
        "index_refused": (_("索引模块拒收的记录"), _("查看原因，修正后重新上传。")),
        "reviews": (_("等待复核的授权"), _("未经患者本人确认的调阅，由机构复核。")),
        "supplements": (_("等待补传的检查"), _("质控未通过，机构补传后自动关闭。")),
        "unmapped": (_("未对照的检查项目"), _("对照到医保影像检查项目后才能互认提醒。")),
        "rights": (_("到期复核的账户权限"), _("每半年核对一次：谁还需要这些权限。")),
    }[name]
