"""Pages of numbers: storage used, retrievals, governance (D-15, D-17, D-45, D-46)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.admin import charts
from portal.admin.console import (
    Figure,
    Report,
    Table,
    actor,
    asked_institution,
    asked_period,
    choosable,
    percent,
    report,
    size,
)
from portal.admin.pivoting import asked_dimensions, dimension_words, pivot_filters, spoken
from portal.admin.sections import changes, may_change, reads
from portal.context import database_session
from server.centre import indicators, retrievals, usage
from server.centre.acting import OutOfReachError
from server.centre.indicators import Counts
from server.centre.retrievals import LimitError
from server.terms import modality_label

blueprint = Blueprint("admin_statistics", __name__)

MEGA = 1_000_000
A_YEAR = 365


@blueprint.get("/admin/usage")
@reads("usage")
def stored() -> ResponseReturnValue:
    """Show what is stored by modality and month of the examination (D-15)."""
    days, chosen = asked_period(days=A_YEAR), asked_institution()
    found = usage.usage(database_session(), days, chosen)
    months, modalities = found.months, found.modalities
    title = _("各检查类型每月存储（MB）")
    series = {
        modality_label(one): [found.cells.get((one, month), 0) / MEGA for month in months]
        for one in modalities
    }
    by_month = Table(
        _("检查类型 × 月份"),
        (_("月份"), *(modality_label(one) for one in modalities), _("合计"), _("合计（字节）")),
        [
            (
                month,
                *(size(found.cells.get((one, month), 0)) for one in modalities),
                size(total := sum(found.cells.get((one, month), 0) for one in modalities)),
                total,
            )
            for month in months
        ],
        numbers=frozenset(range(1, len(modalities) + 3)),
    )
    by_institution = Table(
        _("按机构"),
        (_("机构"), _("存储"), _("字节")),
        [
            (name, size(count), count)
            for name, count in sorted(found.institutions.items(), key=lambda one: -one[1])
        ],
        numbers=frozenset({1, 2}),
    )
    return report(
        Report(
            _("存储用量"),
            _("按检查时间统计原始影像：共 %(size)s（%(bytes)s 字节）。", size=size(found.total),
              bytes=found.total),
            (by_month, by_institution),
            (Figure(title, charts.bars(title, months, series, stacked=True)),) if months else (),
            asked={"period": days, "institution": chosen},
            institutions=choosable(),
        )
    )  # fmt: skip


@blueprint.get("/admin/retrievals")
@reads("retrievals")
def retrieved() -> ResponseReturnValue:
    """Show how often each institution retrieves, at what rate, under which limit (D-17)."""
    days, chosen = asked_period(), asked_institution()
    found = retrievals.rows(database_session(), days, chosen)
    title = _("调阅次数")
    busy = [one for one in found if one.openings]
    table = Table(
        _("按机构"),
        (
            _("机构"), _("调阅次数"), _("调阅的检查"), _("其中跨院"), _("本院检查"), _("被调阅率"),
            _("每日跨院上限"),
        ),
        [
            (
                one.institution.name,
                one.openings,
                one.studies,
                one.foreign,
                one.stored,
                percent(one.stored_opened, one.stored),
                one.limit if one.limit is not None else _("不限"),
            )
            for one in found
        ],
        numbers=frozenset(range(1, 7)),
    )  # fmt: skip
    names = [one.institution.name for one in busy]
    chart = charts.bars(title, names, {title: [one.openings for one in busy]})
    return report(
        Report(
            _("调阅统计"),
            _(
                "被调阅率：本院检查中至少被打开过一次的比例。达到每日上限后，该机构当天不能再调阅其他医院的检查，急救除外。"
            ),
            (table,),
            (Figure(title, chart),) if busy else (),
            asked={"period": days, "institution": chosen},
            institutions=choosable(),
            limits=tuple(one.institution for one in found)
            if may_change("retrievals", actor().role)
            else (),
        )
    )


@blueprint.post("/admin/retrievals/limit")
@changes("retrievals")
def limit() -> ResponseReturnValue:
    """Set or lift an institution's daily limit."""
    number, text = request.form.get("institution", ""), request.form.get("limit", "").strip()
    try:
        retrievals.set_limit(database_session(), actor(), int(number), int(text) if text else None)
        flash(_("已保存每日上限，立即生效。"), "success")
    except OutOfReachError as error:
        raise NotFound from error
    except (LimitError, ValueError):
        flash(_("上限应为正整数；不填表示不限。"), "error")
    return redirect("/admin/retrievals", 303)


@blueprint.get("/admin/indicators")
@reads("indicators")
def governance() -> ResponseReturnValue:
    """Show the five indicators by time, region and level (D-45, D-46)."""
    days, chosen = asked_period(), asked_institution()
    asked = asked_dimensions()
    by = asked.by
    groups = spoken(by, indicators.pivot(indicators.day_rows(database_session(), days, chosen), by))
    words = dict(dimension_words())
    figures = [(" · ".join(key), counts) for key, counts in groups.items()]
    names = _indicator_words()
    title = _("五项治理指标（%）")
    series = {
        name: [_share(counts, which) for _key, counts in figures] for which, name in names.items()
    }
    table = Table(
        _("五项指标"),
        (*(words[one] for one in by), _("检查"), *(f"{name}" for name in names.values())),
        [
            (
                *key,
                counts.studies,
                *(percent(*_fraction(counts, which)) for which in names),
            )
            for key, counts in groups.items()
        ],
        numbers=frozenset(range(len(by), len(by) + 6)),
    )
    return report(
        Report(
            _("数据治理"),
            _(
                "及时：检查后 24 小时内到达；连续：有数据的天数；"
                "一致、完整、准确：质控结果，未质控的不计。"
            ),
            (table,),
            (Figure(title, charts.bars(title, [name for name, _c in figures], series, unit="%")),)
            if 0 < len(figures) <= 40
            else (),
            filters=pivot_filters(asked),
            asked={"period": days, "institution": chosen},
            institutions=choosable(),
        )
    )


def _indicator_words() -> dict[str, str]:
    return {
        "timely": _("及时性"),
        "continuous": _("连续性"),
        "consistent": _("一致性"),
        "complete": _("完整性"),
        "accurate": _("准确性"),
    }


def _fraction(counts: Counts, which: str) -> tuple[int, int]:
    return {
        "timely": (counts.timely, counts.studies),
        "continuous": (counts.days_with, counts.days),
        "consistent": (counts.consistent, counts.judged),
        "complete": (counts.complete, counts.judged),
        "accurate": (counts.accurate, counts.judged),
    }[which]


def _share(counts: Counts, which: str) -> float:
    part, whole = _fraction(counts, which)
    return round(100 * part / whole, 1) if whole else 0.0
