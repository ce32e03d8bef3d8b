"""What the insurance authority checks (D-11, D-20, D-56): posted, read-only, audited."""

from __future__ import annotations

from flask import Blueprint, request
from flask_babel import gettext as _

from portal.admin.console import Cell, Table, actor, choosable, moment, show
from portal.admin.sections import reads
from portal.context import database_session
from portal.typed import number_of
from server.centre import settlements
from server.centre.period import period
from server.centre.settlements import Checked, Purpose
from server.terms import body_part_label, modality_label

blueprint = Blueprint("admin_supervision", __name__, url_prefix="/admin/supervision")

FEN = 100
LONGEST = 64


@blueprint.get("")
@reads("supervision")
def page() -> str:
    """Show the form."""
    return _page({}, None)


@blueprint.post("")
@reads("supervision")
def search() -> str:
    """Show what was looked for."""
    form = request.form
    given = {name: form.get(name, "").strip()[:LONGEST] for name in _FIELDS}
    purpose = given["purpose"]
    chosen = given["institution"]
    found = settlements.search(
        database_session(),
        actor(),
        Purpose(purpose) if purpose in {one.value for one in Purpose} else Purpose.FUND_SUPERVISION,
        settlement_id=given["settlement_id"],
        fee_serial_number=given["fee_serial_number"],
        institution_id=number_of(chosen),
        days=period(given["since"], given["until"]),
    )
    return _page(given, found)


_FIELDS = ("purpose", "settlement_id", "fee_serial_number", "institution", "since", "until")


def _page(given: dict[str, str], found: list[Checked] | None) -> str:
    days = period(given.get("since", ""), given.get("until", ""))
    return show(
        "admin/supervision.html",
        given={name: given.get(name, "") for name in _FIELDS},
        period=days,
        purposes=[(one.value, words) for one, words in _purposes().items()],
        institutions=choosable(),
        table=None if found is None else _table(found),
        withheld=sum(1 for one in found or () if one.why and one.why != "no_study"),
    )


def _table(found: list[Checked]) -> Table:
    return Table(
        _("核查结果（%(count)s）", count=len(found)),
        (
            _("机构"), _("结算ID"), _("费用明细流水号"), _("检查"), _("检查时间"), _("医保项目"),
            _("费用（元）"), _("报告"), _("影像"),
        ),
        [_row(one) for one in found],
        numbers=frozenset({6}),
        empty=_("没有找到。请核对结算ID，或选择机构和日期。"),
    )  # fmt: skip


def _row(one: Checked) -> tuple[Cell | str, ...]:
    settled, study = one.settlement, one.study
    what = f"{modality_label(study.modality)} {body_part_label(study.body_part)}" if study else "-"
    standard = f"{one.standard.name}（{one.standard.code}）" if one.standard else "-"
    return (
        one.institution,
        settled.settlement_id if settled else "-",
        settled.fee_serial_number if settled else "-",
        what.strip(),
        moment(study.study_datetime) if study else "-",
        standard,
        f"{settled.fee / FEN:.2f}" if settled else "-",
        _("有") if one.reported else _("无"),
        Cell(_("查看影像"), href=f"/admin/supervision/{study.study_id}/images")
        if study is not None
        else Cell(_why(one.why), badge="warning"),
    )


def _why(why: str) -> str:
    return {
        "no_study": _("没有收到影像"),
        "not_judged": _("尚未质控"),
        "review": _("质控待人工复核"),
        "failed": _("质控未通过"),
    }.get(why, why)


def _purposes() -> dict[Purpose, str]:
    return {
        Purpose.FUND_SUPERVISION: _("基金监管"),
        Purpose.INSURANCE_PAYMENT: _("医保支付"),
        Purpose.PATIENT_PAYMENT: _("患者付费"),
        Purpose.CLINICAL_CARE: _("临床诊疗"),
        Purpose.ANALYSIS: _("大数据分析"),
    }
