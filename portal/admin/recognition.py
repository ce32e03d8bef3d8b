"""What mutual recognition came to, for the authority (H-08 … H-10)."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.admin import charts
from portal.admin.console import (
    Figure,
    Report,
    Table,
    asked_institution,
    asked_period,
    choosable,
    report,
)
from portal.admin.sections import reads
from portal.admin.words import level_word
from portal.context import database_session
from server.centre import recognition
from server.terms import modality_label

blueprint = Blueprint("admin_recognition", __name__)

FEN = 100


@blueprint.get("/admin/recognition")
@reads("recognition")
def recognised() -> ResponseReturnValue:
    """Show what mutual recognition came to (H-08 … H-10)."""
    session, days, chosen = database_session(), asked_period(), asked_institution()
    found = recognition.rows(session, days, chosen)
    numbers = frozenset(range(3, 9))
    behaviour = Table(
        _("调阅与互认"),
        (
            _("机构"), _("地区"), _("等级"), _("提醒"), _("认可"), _("重新检查"), _("引用"),
            _("节省检查"), _("节省费用（元）"),
        ),
        [
            (
                one.institution, one.region or "-", level_word(one.level), one.reminders,
                one.accepted, one.reexamined, one.citations, one.saved_exams,
                f"{one.saved_fees / FEN:.2f}",
            )
            for one in found
        ],
        numbers=numbers,
    )  # fmt: skip
    fees = Table(
        _("检查费用、医保报销和耗材（元）"),
        (_("机构"), _("地区"), _("等级"), _("结算"), _("费用"), _("报销"), _("耗材")),
        [
            (
                one.institution, one.region or "-", level_word(one.level), one.settled,
                f"{one.fees / FEN:.2f}", f"{one.reimbursed / FEN:.2f}",
                f"{one.consumables / FEN:.2f}",
            )
            for one in found
        ],
        numbers=frozenset(range(3, 7)),
    )  # fmt: skip
    devices = Table(
        _("检查设备"),
        (_("机构"), _("设备类型"), _("检查")),
        [
            (name, modality_label(modality), count)
            for name, modality, count in recognition.devices(session, days, chosen)
        ],
        numbers=frozenset({2}),
    )
    busy = [one for one in found if one.reminders or one.citations]
    title = _("提醒、认可与引用（次）")
    series = {
        _("提醒"): [one.reminders for one in busy],
        _("认可"): [one.accepted for one in busy],
        _("引用"): [one.citations for one in busy],
    }
    chart = charts.bars(title, [one.institution for one in busy], series)
    return report(
        Report(
            _("互认统计"),
            _(
                "节省检查：医生认可既往检查而没有重做的次数；节省费用按该机构同项目的平均结算费用计。"
            ),
            (behaviour, fees, devices),
            (Figure(title, chart),) if busy else (),
            notes=(_("数据质量和影像质控见“数据治理”。"),),
            asked={"period": days, "institution": chosen},
            institutions=choosable(),
        )
    )
