"""Applications for a cache, what was not cached and why, copies from elsewhere (D-24 … D-29)."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from portal.admin import words
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
)
from portal.admin.sections import reads
from portal.context import database_session
from server.cache_applications.troubles import troubles
from server.centre import records
from server.centre.records import Kind, Wanted
from server.model import CacheRequest, RemoteStudy

blueprint = Blueprint("admin_caching", __name__)


@blueprint.get("/admin/caching")
@reads("caching")
def caching() -> ResponseReturnValue:
    """Show applications for a cache and copies from other provinces (D-24 … D-29)."""
    session, days, chosen = database_session(), asked_period(), asked_institution()
    found, _more = records.find(session, Wanted(Kind.CACHE, days, chosen), 500)
    applications = Table(
        _("前置机的缓存申请"),
        words.heads(Kind.CACHE),
        [
            (moment(one.time), one.institution, one.person, one.what, one.who,
             Cell(words.state_word(one.state), badge="neutral"))
            for one in found
        ],
        empty=_("这段时间没有缓存申请。"),
        single=True,
    )  # fmt: skip
    tables = [applications]
    if actor().scope is None:
        tables.append(_copies())
    tables.append(_not_cached(chosen))
    return report(
        Report(
            _("缓存申请"),
            _("先查本省已存的影像，再查全国索引，最后经本中心由前置机从外省取得，到期自动删除。"),
            tables,
            asked={"period": days, "institution": chosen},
            institutions=choosable(),
        )
    )


def _not_cached(institution_id: int | None) -> Table:
    """Return what front machines wait for in vain, with the reason in words."""
    return Table(
        _("尚未缓存的检查和原因"),
        (_("时间"), _("机构"), _("外省中心"), _("次数"), _("原因"), _("下次重试")),
        [
            (moment(one.at), one.institution, one.centre or _("全国索引"), one.attempts,
             in_language(one.words), moment(one.next_try_at))
            for one in troubles(database_session(), institution_id)
        ],
        empty=_("没有失败或等待重试的缓存。"),
        single=True,
    )  # fmt: skip


def _copies() -> Table:
    rows = database_session().execute(
        select(CacheRequest, RemoteStudy)
        .join(RemoteStudy, RemoteStudy.remote_study_id == CacheRequest.remote_study_id)
        .order_by(CacheRequest.applied_at.desc())
        .limit(200)
    )
    return Table(
        _("从外省取回的副本"),
        (_("申请时间"), _("外省中心"), _("医院"), _("类型"), _("进度"), _("状态"), _("保留至")),
        [
            (moment(one.applied_at), remote.centre, remote.institution_name, remote.modality,
             f"{one.done} / {one.total}", Cell(_copy_word(one.state), badge="neutral"),
             moment(one.expires_at))
            for one, remote in rows
        ],
        empty=_("还没有从外省取回的影像。"),
        single=True,
    )  # fmt: skip


def _copy_word(state: str) -> str:
    return {
        "applied": _("已申请"),
        "fetching": _("正在取回"),
        "cached": _("已取回"),
        "failed": _("未成功"),
        "expired": _("已到期删除"),
    }.get(state, state)
