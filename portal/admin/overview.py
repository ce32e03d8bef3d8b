"""The first page of the console: what needs a person today."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint
from flask_babel import gettext as _

from portal.admin import charts
from portal.admin.alarms import AlarmRow, newest
from portal.admin.console import Cell, Figure, actor, moment, show, size
from portal.admin.sections import BY_NAME, ROOT, reads
from portal.context import current_cloud, database_session
from server.centre import health, overview
from server.centre.health import Health, Sign
from server.centre.period import period

blueprint = Blueprint("admin_overview", __name__)

ALARMS_SHOWN = 3


@dataclass(frozen=True)
class TaskCard:
    """One kind of things that wait."""

    words: str
    advice: str
    count: int
    address: str


@dataclass(frozen=True)
class SignCard:
    """How one thing is, in words, and where more is told."""

    label: str
    state: Cell
    detail: str
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
    bars = charts.bars(title, labels, {_("检查"): [*arrived.values()]}, newest_last=True)
    return show(
        "admin/overview.html",
        waiting=[one for one in cards if one.count],
        quiet=[one for one in cards if not one.count],
        signs=[_sign(one) for one in health.signs(current_cloud(), session, who)],
        alarms=_alarms(),
        figures=overview.figures(session, who),
        size=size,
        arrived=arrived,
        chart=Figure(title, bars),
    )


def _alarms() -> list[AlarmRow]:
    """Return the newest alarms for whoever may look at them."""
    allowed = actor().role in BY_NAME["alarms"].readers
    return newest(ALARMS_SHOWN) if allowed else []


def _sign(one: Sign) -> SignCard:
    badges = {
        Health.GOOD: Cell(_("正常"), badge="success"),
        Health.NOTICE: Cell(_("请留意"), badge="warning"),
        Health.BAD: Cell(_("异常"), badge="danger"),
        Health.NONE: Cell(_("未登记"), badge="neutral"),
    }
    label, detail = _sign_words(one)
    # Jobs have no room of their own: what they leave undone shows in the uploads.
    address = f"{ROOT}/{'uploads' if one.name == 'jobs' else one.name}"
    return SignCard(label, badges[one.health], detail, address)


def _sign_words(one: Sign) -> tuple[str, str]:
    share = {"part": one.part, "whole": one.whole}
    if one.name == "backups":
        at = _("最近 %(time)s", time=moment(one.at)) if one.at else _("还没有备份")
        return _("备份"), at
    return {
        "links": (_("传输链路"), _("%(part)s / %(whole)s 条通", **share)),
        "gateways": (_("前置机"), _("%(part)s / %(whole)s 台在线", **share)),
        "storage": (_("存储"), _("最满的卷已用 %(part)s%%", **share)),
        "jobs": (_("后台任务"), _("%(part)s 项排队", **share)),
        "index": (_("索引上传"), _("等待 %(part)s，被拒收 %(whole)s", **share)),
        "recalls": (_("冷数据调回"), _("进行中 %(part)s，超时 %(whole)s", **share)),
    }[one.name]


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
