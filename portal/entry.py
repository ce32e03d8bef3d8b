"""Through which door people come: national platform, app, official account, QR code … (A-02)."""

from __future__ import annotations

from flask import Flask, request, session

KEY = "entry"
WEB = "web"
KINDS = frozenset(
    {
        "national-platform",
        "app",
        "wechat",
        "official-account",
        "mini-program",
        "qr",
        "link",
        WEB,
    }
)


def entry_kind() -> str:
    """Return the kind of entry of this request.

    What the address says (`?entry=`), else what it said when the visit began, else what the
    browser tells of itself: WeChat's web view adds `MicroMessenger`, in a mini-program
    `miniProgram` too.
    """
    asked = request.args.get(KEY, "")
    if asked in KINDS:
        return asked
    return session.get(KEY) or _from_user_agent(request.user_agent.string)


def _from_user_agent(agent: str) -> str:
    if "miniProgram" in agent:
        return "mini-program"
    return "wechat" if "MicroMessenger" in agent else WEB


def _remember() -> None:
    asked = request.args.get(KEY, "")
    if asked in KINDS and session.get(KEY) != asked:
        session[KEY] = asked


def install_entry(app: Flask) -> None:
    """Remember the entry while the visit lasts."""
    app.before_request(_remember)
