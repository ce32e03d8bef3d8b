"""Hospitals' front machines: heard of, how they are, the rules they follow (E-18)."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.admin.console import Cell, Table, actor, in_language, moment, show
from portal.admin.sections import changes, reads
from portal.context import database_session
from portal.typed import number_of
from server import gateway_releases, gateways
from server.gateway.configuration import Rules
from server.model import Gateway, InstitutionClient

blueprint = Blueprint("admin_gateways", __name__, url_prefix="/admin/gateways")

LIST = "/admin/gateways"
UNPROCESSABLE = 422
LONGEST_RULE = 500


@blueprint.get("")
@reads("gateways")
def page() -> str:
    """Show the front machines, silent ones first."""
    found = sorted(_reached(), key=lambda one: (not gateways.is_silent(one[0]), one[1].name))
    table = Table(
        _("前置机"),
        (_("名称"), _("机构"), _("状态"), _("最近心跳"), _("版本"), _("待上传"), _("已拦下"),
         _("剩余磁盘"), _("规则版本")),
        [
            (
                Cell(client.name, href=f"{LIST}/{kept.client_id}"),
                client.institution.name,
                _state(kept),
                moment(kept.last_seen_at),
                kept.version or "-",
                _count(kept, "waiting"),
                _count(kept, "stopped"),
                _room(kept),
                kept.rules_version,
            )
            for kept, client in found
        ],
        numbers=frozenset({5, 6, 8}),
        empty=_("还没有前置机报到。登记有 gateway 权限的接入方并安装后，自动出现在这里。"),
    )  # fmt: skip
    return show("admin/gateways.html", table=table)


@blueprint.get("/<client_id>")
@reads("gateways")
def one(client_id: str) -> str:
    """Show what a front machine told, and its rules."""
    kept, client = _found(client_id)
    return _one(kept, client, _shown(Rules.of(kept.rules)))


@blueprint.post("/<client_id>/rules")
@changes("gateways")
def change(client_id: str) -> ResponseReturnValue:
    """Give it other rules, in force from its next heartbeat."""
    kept, client = _found(client_id)
    given = {one.name: request.form.get(one.name, "")[:LONGEST_RULE] for one in fields(Rules)}
    try:
        rules = _parsed(given)
        gateways.set_rules(
            database_session(),
            client_id,
            kept.rules | rules,
            actor_kind="account",
            actor=f"account:{actor().account_id}",
        )
    except ValueError:
        page = _one(
            kept, client, given, _("请核对：天数、分钟数应为 1 以上的整数，磁盘余量为整数。")
        )
        return page, UNPROCESSABLE
    flash(_("已下发规则，下次心跳（30 秒内）生效，无须重启前置机。"), "success")
    return redirect(f"{LIST}/{client_id}", 303)


@blueprint.post("/<client_id>/upgrade")
@changes("gateways")
def upgrade(client_id: str) -> ResponseReturnValue:
    """Offer it a version, or take the offer back (E-18)."""
    _found(client_id)
    session, version = database_session(), request.form.get("version", "")
    by = {"actor_kind": "account", "actor": f"account:{actor().account_id}"}
    if not version:
        gateway_releases.withdraw(session, client_id, **by)
        flash(_("已收回升级任务。"), "success")
        return redirect(f"{LIST}/{client_id}", 303)
    try:
        gateway_releases.offer(session, client_id, version, **by)
    except gateway_releases.ReleaseError:
        raise NotFound from None
    flash(_("已下发升级任务，下次心跳（30 秒内）送达。"), "success")
    return redirect(f"{LIST}/{client_id}", 303)


def _reached() -> list[tuple[Gateway, InstitutionClient]]:
    session, who = database_session(), actor()
    found = [
        (one, session.get_one(InstitutionClient, one.client_id))
        for one in gateways.gateways(session)
    ]
    return [pair for pair in found if who.reaches(pair[1].institution_id)]


def _found(client_id: str) -> tuple[Gateway, InstitutionClient]:
    for kept, client in _reached():
        if kept.client_id == client_id:
            return kept, client
    raise NotFound


def _one(kept: Gateway, client: InstitutionClient, given: dict[str, str], wrong: str = "") -> str:
    spool = kept.state.get("spool")
    told = Table(
        _("暂存的对象"),
        (_("状态"), _("对象"), "MB"),
        [
            (_spool_words().get(name, name), _figure(part, "objects"), _figure(part, "megabytes"))
            for name, part in (spool if isinstance(spool, dict) else {}).items()
        ],
        numbers=frozenset({1, 2}),
        empty=_("没有暂存的对象。"),
    )
    return show(
        "admin/gateway.html",
        kept=kept,
        client=client,
        state=_state(kept),
        facts=[
            (_("最近心跳"), moment(kept.last_seen_at)),
            (_("版本"), kept.version or "-"),
            (_("剩余磁盘"), _room(kept)),
            (_("最近的失败"), str(kept.state.get("last_failure") or _("无"))[:100]),
            (_("结构化数据"), _records(kept)),
            (_("升级"), _upgrade(kept)),
        ],
        releases=[one.version for one in gateway_releases.releases(database_session())],
        told=told,
        given=given,
        rules=_rule_words(),
        version=kept.rules_version,
        choices=_choices(),
        wrong=wrong,
        in_language=in_language,
    )


def _state(kept: Gateway) -> Cell:
    if gateways.is_silent(kept):
        return Cell(_("失联"), badge="danger")
    if kept.state.get("disk_low"):
        return Cell(_("磁盘不足"), badge="warning")
    return Cell(_("在线"), badge="success")


def _count(kept: Gateway, state: str) -> int | str:
    spool = kept.state.get("spool")
    return _figure(spool.get(state), "objects") if isinstance(spool, dict) else "-"


def _figure(part: Any, name: str) -> int | str:
    found = part.get(name) if isinstance(part, dict) else None
    return found if isinstance(found, int) else round(found) if isinstance(found, float) else 0


def _records(kept: Gateway) -> str:
    told = kept.state.get("records")
    return _(
        "待传 %(waiting)s，被拒 %(refused)s，逾期 %(overdue)s",
        **{name: _figure(told, name) for name in ("waiting", "refused", "overdue")},
    )


def _upgrade(kept: Gateway) -> str:
    offered = gateway_releases.offered(database_session(), kept.client_id)
    if offered is None:
        return _("没有升级任务")
    words = {
        "": _("已下发，待前置机处理"),
        "not_allowed": _("医院未开放自动升级，请通知人工升级"),
        "refused_digest": _("文件与摘要不符，已拒绝；请核对后重新下发"),
        "staged": _("已下载"),
        "calling": _("正在执行升级命令"),
        "command_failed": _("升级命令失败，请联系该医院"),
        "handed_over": _("升级命令已完成，待重启"),
        "running": _("已运行"),
    }
    return f"{offered.version} {words.get(offered.state, offered.state)}"


def _room(kept: Gateway) -> str:
    free = kept.state.get("free_megabytes")
    return f"{free:,} MB" if isinstance(free, int) else "-"


def _shown(rules: Rules) -> dict[str, str]:
    """Return rules as the form has them."""
    words: dict[str, str] = {}
    for one in fields(Rules):
        value = getattr(rules, one.name)
        if isinstance(value, tuple):
            words[one.name] = ", ".join(value)
        else:
            words[one.name] = "y" if value is True else "" if value is False else str(value)
    return words


def _parsed(given: dict[str, str]) -> dict[str, Any]:
    """Return what the form says as rules. Raises ValueError."""
    found: dict[str, Any] = {}
    for one in fields(Rules):
        text, default = given[one.name].strip(), one.default
        if isinstance(default, bool):
            found[one.name] = text == "y"
        elif isinstance(default, int):
            number = number_of(text)
            if number is None:
                raise ValueError(one.name)
            found[one.name] = number
        elif isinstance(default, tuple):
            found[one.name] = [part for part in text.replace("，", ",").split(",") if part.strip()]
            found[one.name] = [part.strip() for part in found[one.name]]
        else:
            found[one.name] = text
    return found


def _choices() -> dict[str, list[tuple[str, str]]]:
    return {
        "compression": [
            ("", _("不压缩，原样上传")),
            ("jpeg-ls", _("JPEG-LS 无损")),
            ("jpeg-2000", _("JPEG 2000 无损")),
            ("rle", _("RLE 无损")),
        ],
        "fetch_by": [("get", "C-GET"), ("move", "C-MOVE")],
    }


def _rule_words() -> list[tuple[str, str, str]]:
    """Return name, label and kind of the rules in the order of the form; a rule that is new to
    this page is shown by its name."""
    words = {
        "compression": _("上传前压缩"),
        "emergency_sources": _("急诊优先的 AE 标题（逗号分隔）"),
        "stop_blank": _("拦下全黑或全白的影像"),
        "keep_days": _("中心确认后在本地保留（天）"),
        "reconcile_minutes": _("与中心核对的间隔（分钟）"),
        "fetch_pacs": _("主动抓取的 PACS 名称（不填为不抓取）"),
        "fetch_by": _("抓取方式"),
        "fetch_days": _("抓取最近几天"),
        "fetch_minutes": _("抓取间隔（分钟）"),
        "calling_ae_titles": _("只接受这些呼叫方 AE 标题（逗号分隔，不填为不限）"),
        "partner_ae_titles": _("合作医院前置机的 AE 标题（推送来的只供查阅，不上传）"),
        "least_free_megabytes": _("磁盘低于此值停止接收（MB）"),
    }
    found = []
    for one in fields(Rules):
        default = one.default
        kind = "flag" if isinstance(default, bool) else "number" if isinstance(default, int) else ""
        found.append((one.name, words.get(one.name, one.name), kind))
    return found


def _spool_words() -> dict[str, str]:
    return {
        "waiting": _("等待上传"),
        "sent": _("已上传，待核对"),
        "verified": _("中心已确认"),
        "stopped": _("已拦下"),
        "pushed": _("外院推送"),
        "cached": _("本地缓存"),
    }
