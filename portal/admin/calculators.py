"""Lines by the four tables, and what keeping images costs (K-01 … K-07, K-14)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, request
from flask_babel import gettext as _

from portal.admin.console import Table, show
from portal.admin.sections import reads
from server.centre import bandwidth, retention_costs
from server.centre.bandwidth import Row
from server.centre.retention_costs import Plan, Prices

blueprint = Blueprint("admin_calculators", __name__)

HIGHEST = 1_000_000_000


@dataclass(frozen=True)
class Result:
    """What one calculator says."""

    title: str
    answer: str
    detail: str


@blueprint.get("/admin/calculators")
@reads("calculators")
def page() -> str:
    """Calculate what the address asks for."""
    asked = {name: _number(name, default) for name, default in _DEFAULTS.items()}
    province = bandwidth.province_line(int(asked["patients_in"]), int(asked["patients_out"]))
    line = bandwidth.institution_line(asked["gigabytes"], int(asked["visits"]))
    internet = bandwidth.internet_line(int(asked["exams"]))
    redundant = _("须主备双线路") if province.redundant else _("单线路即可")
    results = [
        Result(_("省级专线（表 1）"), _("%(mbps)s Mbps", mbps=province.mbps), redundant),
        Result(
            _("机构专线（表 2、表 3）"),
            _("%(mbps)s Mbps", mbps=line.mbps),
            _("上行 %(up)s，下行 %(down)s，取较高者", up=line.up_mbps, down=line.down_mbps),
        ),
        Result(_("互联网线路（表 4）"), _("%(mbps)s Mbps", mbps=internet), _("建议 BGP 多线出口")),
    ]
    plan = Plan(
        asked["yearly"],
        min(asked["inpatient"], 100) / 100,
        int(asked["hot_years"]),
        int(asked["warm_years"]),
    )
    prices = Prices(asked["hot_price"], asked["warm_price"], asked["cold_price"])
    costs = retention_costs.tiers(plan, prices)
    names = {"hot": _("热存储"), "warm": _("温存储"), "cold": _("冷存储")}
    table = Table(
        _("保存 15 年（门诊）和 30 年（住院）达到稳定后"),
        (_("层级"), _("容量（GB）"), _("每年费用（元）")),
        [
            *(
                (names[one.tier], f"{one.gigabytes:,.0f}", f"{one.yearly_cost:,.2f}")
                for one in costs
            ),
            (
                _("合计"),
                f"{sum(one.gigabytes for one in costs):,.0f}",
                f"{sum(one.yearly_cost for one in costs):,.2f}",
            ),
        ],
        numbers=frozenset({1, 2}),
    )
    return show(
        "admin/calculators.html",
        asked=asked,
        results=results,
        costs=table,
        tables=[
            _rows(_("表 1 省级专线"), _("日跨省就医人次（取较高者）"), bandwidth.PROVINCE),
            _rows(_("表 2 机构上行"), _("日影像数据量（GB）"), bandwidth.UPLINK),
            _rows(_("表 3 机构下行"), _("日就诊人次"), bandwidth.DOWNLINK),
            _rows(_("表 4 互联网线路"), _("日检查人次"), bandwidth.INTERNET),
        ],
    )


_DEFAULTS: dict[str, float] = {
    "patients_in": 50_000, "patients_out": 30_000, "gigabytes": 200, "visits": 10_000,
    "exams": 10_000, "yearly": 100_000, "inpatient": 40, "hot_years": 3, "warm_years": 2,
    "hot_price": 1.2, "warm_price": 0.6, "cold_price": 0.2,
}  # fmt: skip


def _number(name: str, default: float) -> float:
    try:
        given = float(request.args.get(name, default))
    except ValueError:
        return default
    return given if 0 <= given <= HIGHEST else default


def _rows(caption: str, load: str, rows: tuple[Row, ...]) -> Table:
    return Table(
        caption,
        (load, _("最低带宽（Mbps）")),
        [(f"≥ {one:,}", f"{mbps:,}") for one, mbps in reversed(rows)],
        numbers=frozenset({0, 1}),
    )
