"""By which way people come in: national platform, app, official account, QR code … (A-02).

Inside a mini-program the pages do without what its web view lacks: files, second windows, ways to
other sites (A-05).
"""

from __future__ import annotations

from flask import Flask, request, session
from flask_babel import gettext as _

from portal.context import current_cloud
from server.accounts import EntryKind

KEY = "entry"
# How others call the kinds, in addresses that are already printed or configured there.
ALSO_CALLED = {
    "wechat": EntryKind.OFFICIAL_ACCOUNT,
    "alipay": EntryKind.MINI_PROGRAM,
    "atomic_service": EntryKind.MINI_PROGRAM,  # HarmonyOS 元服务
    "yukuaiban": EntryKind.APP,  # 渝快办
    "yukangjian": EntryKind.MINI_PROGRAM,  # 渝康健
    "hospital_official_account": EntryKind.OFFICIAL_ACCOUNT,
    "hospital_mini_program": EntryKind.MINI_PROGRAM,
    "qr": EntryKind.QR_CODE,
    "link": EntryKind.WEB,
}
# What web views tell of themselves, the first that fits; all else is a browser. WeChat's adds
# `MicroMessenger`, Alipay's `AlipayClient`, either within a mini-program `miniProgram` too.
WEB_VIEWS = (
    ("miniprogram", EntryKind.MINI_PROGRAM),
    ("micromessenger", EntryKind.OFFICIAL_ACCOUNT),
    ("alipayclient", EntryKind.APP),
)


def named_kind(text: str) -> EntryKind | None:
    """Return the kind that an address names (`official-account`, `qr` …); None for others."""
    name = text.lower().replace("-", "_")
    channel = current_cloud().settings.channels.get(name)
    if channel is not None:
        return EntryKind.of(channel)
    if name in ALSO_CALLED:
        return ALSO_CALLED[name]
    return EntryKind(name) if name in set(EntryKind) else None


def entry_kind() -> EntryKind:
    """Return the kind of entry of this request.

    What the address says (`?entry=`), else what it said when the visit began, else what the
    browser tells of itself.
    """
    said = named_kind(request.args.get(KEY, "")) or named_kind(session.get(KEY, ""))
    return said or _from_user_agent(request.user_agent.string)


def entry_name(kind: str) -> str:
    """Return what people call a kind of entry."""
    names = {
        EntryKind.WEB: _("网页"),
        EntryKind.NATIONAL_PLATFORM: _("国家医保平台"),
        EntryKind.QR_CODE: _("扫码"),
        EntryKind.OFFICIAL_ACCOUNT: _("公众号"),
        EntryKind.MINI_PROGRAM: _("小程序"),
        EntryKind.APP: _("手机应用"),
    }
    return str(names[EntryKind.of(kind)])


def in_mini_program() -> bool:
    """Whether this page is shown inside a mini-program's web view."""
    return entry_kind() is EntryKind.MINI_PROGRAM


def _from_user_agent(agent: str) -> EntryKind:
    told = agent.lower()
    return next((kind for word, kind in WEB_VIEWS if word in told), EntryKind.WEB)


def _remember() -> None:
    if request.blueprint == "files":
        return  # files are kept by shared caches, where nobody's cookie belongs
    said = named_kind(request.args.get(KEY, ""))
    if said is not None and session.get(KEY) != said:
        session[KEY] = str(said)


def install_entry(app: Flask) -> None:
    """Remember the entry while the visit lasts, and let templates ask for it."""
    app.before_request(_remember)
    app.jinja_env.globals["in_mini_program"] = in_mini_program
