"""The registers of staff and devices: one room each, of the same form (I-19, I-20)."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Response, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.admin.console import (
    Cell,
    Report,
    Table,
    actor,
    asked_institution,
    asked_period,
    choosable,
    in_language,
    moment,
    report,
    show,
)
from portal.admin.sections import changes, reads
from portal.context import database_session
from portal.typed import number_of
from server.centre import institutions, registers
from server.centre.acting import OutOfReachError
from server.centre.registers import DEVICES, STAFF, Fault, Record, Register, RegisterError, Row
from server.centre.registers.faults import OVER
from server.centre.registers.keeping import shown
from server.centre.registers.reports import CodeFault
from server.csv_files import CsvError
from server.model import Duty

UNPROCESSABLE = 422


def room(register: Register) -> Blueprint:
    """Return the room of a register: its lines, the form, the files."""
    name = register.name
    home = f"/admin/{name}"
    blueprint = Blueprint(f"admin_{name}", __name__, url_prefix=home)

    @blueprint.get("")
    @reads(name)
    def page() -> str:
        return _list(register)

    @blueprint.post("")
    @changes(name)
    def keep() -> ResponseReturnValue:
        number = request.form.get("institution", "")
        institution_id = number_of(number) or 0
        try:
            added = registers.keep(
                database_session(), actor(), register, institution_id, request.form
            )
        except RegisterError as error:
            database_session().rollback()
            return _list(register, _wrong(error)), UNPROCESSABLE
        except OutOfReachError as error:
            raise NotFound from error
        flash(_("已登记。") if added else _("已更新同一编号的登记。"), "success")
        return redirect(home, 303)

    @blueprint.get("/<record_id>")
    @reads(name)
    def one(record_id: str) -> str:
        return _one(register, _found(register, record_id))

    @blueprint.post("/<record_id>/end")
    @changes(name)
    def end(record_id: str) -> ResponseReturnValue:
        _found(register, record_id)
        registers.end(database_session(), actor(), register, record_id)
        flash(_("已注销登记，记录保留。"), "success")
        return redirect(home, 303)

    @blueprint.get("/lines.csv")
    @reads(name)
    def export() -> Response:
        data = registers.to_csv(database_session(), actor(), register)
        headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        return Response(data, content_type="text/csv; charset=utf-8", headers=headers)

    @blueprint.post("/load")
    @changes(name)
    def load() -> ResponseReturnValue:
        _load(register)
        return redirect(home, 303)

    return blueprint


staff, devices = room(STAFF), room(DEVICES)


@staff.get("/reports")
@reads("staff")
def flagged() -> ResponseReturnValue:
    """Show the reports whose physician has no valid national code."""
    days, chosen = asked_period(), asked_institution()
    words = {
        CodeFault.MISSING: _("没有医师代码"),
        CodeFault.UNKNOWN: _("该院名册中没有此代码"),
        CodeFault.OVER: _("报告时执业证书已过期"),
    }
    found = registers.flagged_reports(database_session(), days, chosen)
    table = Table(
        _("医师代码无效的报告（%(count)s）", count=len(found)),
        (_("报告时间"), _("机构"), _("检查号"), _("类型"), _("报告医师"), _("代码"), _("原因")),
        [
            (moment(one.reported_at), one.institution, one.accession_number or "-", one.modality,
             one.physician or "-", one.physician_code or "-",
             Cell(words[one.fault], badge="warning"))
            for one in found
        ],
        empty=_("这段时间的报告都有有效的医师代码。"),
        single=True,
    )  # fmt: skip
    return report(
        Report(
            _("医师代码核查"),
            _("每份已审核报告须有报告医师的国家医保医师代码，并与医技人员名册一致。"),
            (table,),
            asked={"period": days, "institution": chosen},
            institutions=choosable(),
        )
    )


def _list(register: Register, wrong: str = "") -> str:
    session, who = database_session(), actor()
    found = registers.rows(session, who, register, asked_institution())
    named = [one for one in register.fields if one.listed]
    table = Table(
        _titles(register)[0],
        (
            _("编号"), _("名称"), _("机构"), _("状态"), _("待办"),
            *(in_language(one.head) for one in named),
        ),
        [
            (
                Cell(row.record.number, href=f"/admin/{register.name}/{row.record.record_id}"),
                row.record.name,
                row.record.institution.name,
                _state(row),
                _say(row.faults) or "-",
                *(shown(one, row.record) or "-" for one in named),
            )
            for row in found
        ],
        empty=_("还没有登记。可逐条填写，也可导入 CSV 文件。"),
    )  # fmt: skip
    living = [row.institution for row in institutions.rows(session, who)]
    return show(
        "admin/register.html",
        register=register,
        title=_titles(register)[0],
        lead=_titles(register)[1],
        table=table,
        flagged=sum(1 for row in found if set(row.faults) - {Fault.SOON_OVER}),
        institutions=choosable(),
        chosen=asked_institution(),
        own=[one for one in living if one.ended_at is None],
        duties=_duties(),
        label=in_language,
        given=request.form,
        heads="，".join(register.heads),
        wrong=wrong,
    )


def _one(register: Register, record: Record) -> str:
    kept = {one.name: str(getattr(record, one.name) or "") for one in register.fields}
    return show(
        "admin/register_line.html",
        register=register,
        title=_titles(register)[0],
        record=record,
        given=kept,
        state=_state(Row(record, registers.faults_of(record))),
        faults=_say(registers.faults_of(record)),
        duties=_duties(),
        label=in_language,
    )


def _load(register: Register) -> None:
    file = request.files.get("file")
    try:
        loaded = registers.load(database_session(), actor(), register, file.read() if file else b"")
    except CsvError as error:
        database_session().rollback()
        flash(in_language(str(error)), "error")
        return
    except RegisterError as error:
        database_session().rollback()
        flash(_wrong(error), "error")
        return
    words = _("已导入：新增 %(added)s 条，更改 %(changed)s 条。",
              added=loaded.added, changed=loaded.changed)  # fmt: skip
    flash(words, "success")
    if loaded.unknown:
        flash(_("未导入的机构代码：%(codes)s", codes="、".join(loaded.unknown[:10])), "warning")


def _found(register: Register, record_id: str) -> Record:
    try:
        return registers.find(database_session(), actor(), register, record_id)
    except OutOfReachError as error:
        raise NotFound from error


def _wrong(error: RegisterError) -> str:
    head = in_language(error.field.head)
    if error.line:
        return _("第 %(line)s 行“%(field)s”不正确，整份没有导入。", line=error.line, field=head)
    return _("请核对“%(field)s”：必填项不能为空，编号只用字母、数字和符号。", field=head)


def _state(row: Row) -> Cell:
    if row.record.ended_at is not None:
        return Cell(_("已注销"), badge="neutral")
    if OVER & set(row.faults):
        return Cell(_("已过期"), badge="danger")
    if set(row.faults) - {Fault.SOON_OVER}:
        return Cell(_("缺项"), badge="warning")
    if row.faults:
        return Cell(_("即将到期"), badge="warning")
    return Cell(_("有效"), badge="success")


def _say(faults: Iterable[Fault]) -> str:
    words = {
        Fault.NO_PHYSICIAN_CODE: _("缺医保医师代码"),
        Fault.NO_QUALIFICATION: _("缺资格证书"),
        Fault.NO_PRACTICE_LICENCE: _("缺执业证书"),
        Fault.LICENCE_OVER: _("证书已过期"),
        Fault.NO_WORK_PERMIT: _("缺放射工作人员证"),
        Fault.NO_TRAINING: _("缺放射防护培训"),
        Fault.TRAINING_OVER: _("放射防护培训已过期"),
        Fault.NO_DEVICE_CODE: _("缺医保设备编码"),
        Fault.NO_LICENCE: _("缺配置许可证"),
        Fault.NO_INSPECTION: _("缺检测日期"),
        Fault.INSPECTION_OVER: _("检测已过期"),
        Fault.SOON_OVER: _("60 天内到期"),
    }
    return _("、").join(words[one] for one in faults)


def _duties() -> list[tuple[str, str]]:
    return [
        (Duty.DIAGNOSTICIAN.value, _("诊断医师")),
        (Duty.TECHNOLOGIST.value, _("技师")),
        (Duty.ENGINEER.value, _("工程师")),
    ]


def _titles(register: Register) -> tuple[str, str]:
    return {
        "staff": (
            _("医技人员"),
            _("资格、执业、放射工作人员证和医保医师代码；过期时列入告警，更新后自动关闭。"),
        ),
        "devices": (
            _("影像设备"),
            _("医保设备编码、配置许可证和每年一次的检测；过期时列入告警，更新后自动关闭。"),
        ),
    }[register.name]
