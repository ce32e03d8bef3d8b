"""The institutions: added, changed, ended; their clients, nodes and lines (D-06)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.admin import words
from portal.admin.console import Cell, Table, actor, moment, show
from portal.admin.sections import changes, reads
from portal.context import current_cloud, database_session
from server.centre import institutions, links
from server.centre.acting import OutOfReachError
from server.centre.institutions import InstitutionError, InstitutionFacts
from server.model import Institution
from server.sending.nodes import load_nodes

blueprint = Blueprint("admin_institutions", __name__, url_prefix="/admin/institutions")

LIST = "/admin/institutions"
UNPROCESSABLE = 422


@blueprint.get("")
@reads("institutions")
def page() -> str:
    """Show the institutions, and the form that adds one."""
    rows = institutions.rows(database_session(), actor())
    table = Table(
        caption=_("机构"),
        heads=(
            _("名称"), _("机构代码"), _("等级"), _("地区"), _("接入方"), _("链路"), _("账户"),
            _("检查"), _("状态"),
        ),
        rows=[
            (
                Cell(row.institution.name, href=f"{LIST}/{row.institution.id}"),
                row.institution.code,
                words.level_word(row.level),
                row.institution.province_name or "-",
                row.clients,
                row.links,
                row.accounts,
                row.studies,
                _state(row.institution),
            )
            for row in rows
        ],
        numbers=frozenset({4, 5, 6, 7}),
    )  # fmt: skip
    return show(
        "admin/institutions.html", table=table, facts=_empty(), levels=words.level_words(), wrong=""
    )


@blueprint.post("")
@changes("institutions")
def add() -> ResponseReturnValue:
    """Add an institution."""
    facts = _given()
    try:
        made = institutions.add(database_session(), actor(), facts, region_code=_region())
    except InstitutionError as error:
        return _again(facts, error), UNPROCESSABLE
    flash(_("已登记%(name)s。", name=made.name), "success")
    return redirect(f"{LIST}/{made.id}", 303)


@blueprint.get("/<int:institution_id>")
@reads("institutions")
def one(institution_id: int) -> str:
    """Show an institution with what hangs on it."""
    return _one(_found(institution_id))


@blueprint.post("/<int:institution_id>")
@changes("institutions")
def change(institution_id: int) -> ResponseReturnValue:
    """Change what is kept of an institution."""
    found, facts = _found(institution_id), _given()
    try:
        institutions.change(
            database_session(), actor(), institution_id, facts, region_code=_region()
        )
    except InstitutionError as error:
        return _one(found, facts, error.field), UNPROCESSABLE
    flash(_("已保存。"), "success")
    return redirect(f"{LIST}/{institution_id}", 303)


@blueprint.post("/<int:institution_id>/end")
@changes("institutions")
def end(institution_id: int) -> ResponseReturnValue:
    """Let an institution leave, once its name is typed."""
    found = _found(institution_id)
    if request.form.get("name", "").strip() != found.name:
        flash(_("机构名称不一致，没有停用。请照抄机构名称后再试。"), "error")
        return redirect(f"{LIST}/{institution_id}", 303)
    institutions.end(database_session(), actor(), institution_id)
    flash(_("已停用%(name)s：接入方和账户已关闭，已有检查仍可调阅。", name=found.name), "success")
    return redirect(LIST, 303)


def _found(institution_id: int) -> Institution:
    try:
        return institutions.find(database_session(), actor(), institution_id)
    except OutOfReachError as error:
        raise NotFound from error


def _given() -> InstitutionFacts:
    names = ("code", "name", "level", "province_code", "province_name")
    return InstitutionFacts(*(request.form.get(name, "") for name in names))


def _empty() -> InstitutionFacts:
    return InstitutionFacts("", "", "", _region(), "")


def _region() -> str:
    """Return the code of the province that this centre serves."""
    return current_cloud().settings.region_code


def _again(facts: InstitutionFacts, error: InstitutionError) -> str:
    table = Table(_("机构"), (), ())
    return show(
        "admin/institutions.html",
        table=table,
        facts=facts,
        levels=words.level_words(),
        wrong=_wrong(error),
    )


def _wrong(error: InstitutionError) -> str:
    return {
        "code": _("机构代码应为 18 位数字或大写字母。"),
        "name": _("请填写机构名称（不超过 200 字）。"),
        "level": _("请从列表中选择等级。"),
        "province_code": _("地区代码应为 6 位数字（GB/T 2260）。"),
        "province": _("该地区不属于本中心服务的省份，不能登记。请核对地区代码。"),
        "province_name": _("请填写地区名称。"),
        "taken": _("这个机构代码已经登记过了。"),
    }[error.field]


def _one(found: Institution, facts: InstitutionFacts | None = None, wrong: str = "") -> str:
    session, who = database_session(), actor()
    nodes = load_nodes(current_cloud().settings.dicom_nodes_file)
    tables = [
        Table(
            _("接入方（OAuth 2.0）"),
            (_("名称"), _("权限"), _("登记时间"), _("状态")),
            [
                (
                    one.name,
                    "、".join(one.scopes),
                    moment(one.created_at),
                    Cell(_("已停用"), badge="neutral")
                    if one.disabled_at
                    else Cell(_("有效"), badge="success"),
                )
                for one in institutions.clients_of(session, who, found.id)
            ],
            empty=_("没有接入方。用命令 yingyun client add 登记。"),
        ),
        Table(
            _("传输链路"),
            (_("名称"), _("地址"), _("状态"), _("上次检测")),
            [
                (one.name, f"{one.host}:{one.port}", link_state(one.state), moment(one.checked_at))
                for one in links.links(session, who)
                if one.institution_id == found.id
            ],
            empty=_("没有登记传输链路。"),
        ),
        Table(
            _("可发送的 DICOM 节点"),
            (_("名称"), _("AE 标题"), _("地址"), "TLS"),
            [
                (one.name, one.ae_title, f"{one.host}:{one.port}", _("是") if one.tls else _("否"))
                for one in nodes
            ],
            empty=_("没有配置节点（YINGYUN_DICOM_NODES_FILE）。"),
        ),
    ]
    return show(
        "admin/institution.html",
        institution=found,
        facts=facts or institutions.facts_of(found),
        level=words.level_word(institutions.level_of(found)),
        levels=words.level_words(),
        wrong=_wrong(InstitutionError(wrong)) if wrong else "",
        tables=tables,
    )


def link_state(state: str) -> Cell:
    """Return the badge of a line's state."""
    return {
        "up": Cell(_("正常"), badge="success"),
        "down": Cell(_("不通"), badge="danger"),
    }.get(state, Cell(_("未检测"), badge="neutral"))


def _state(institution: Institution) -> Cell:
    if institution.ended_at is not None:
        return Cell(_("已停用"), badge="neutral")
    return Cell(_("有效"), badge="success")
