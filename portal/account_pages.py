"""“My account”: who I am here, what I agreed to, where I am signed in; each can be ended."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.account import own_account, own_token_hash
from portal.context import current_cloud, database_session
from portal.decisions import signed_in
from portal.devices import device_name
from portal.entry import entry_name
from portal.identity import source_address
from portal.sessions import session_token
from server import accounts, consent
from server.accounts import recovery
from server.model import Consent
from server.provinces.applying import CONSENT_KIND

blueprint = Blueprint("account", __name__)


@blueprint.get("/account")
@signed_in
def account_page() -> str:
    """Show account, consents and devices."""
    account = own_account()
    session = database_session()
    devices = [
        {
            "token_hash": one.token_hash,
            "name": device_name(one.device),
            "signed_in_at": one.created_at,
            "last_seen_at": one.last_seen_at,
            "entry": entry_name(one.entry_kind),
            "own": one.token_hash == own_token_hash(),
        }
        for one in accounts.live_sessions(current_cloud(), session, account)
    ]
    return render_template(
        "pages/account.html",
        devices=devices,
        consents=consent.consents_of(session, account),
        recovery_request=recovery.open_request(session, account),
    )


@blueprint.post("/account/recovery/cancel")
@signed_in
def cancel_recovery() -> ResponseReturnValue:
    """Put an end to a request for a new password that the owner has not made."""
    if recovery.cancel(database_session(), own_account(), source=source_address()):
        flash(_("已取消重设密码的申请。建议立即修改密码，并检查登录的设备。"), "success")
    return redirect("/account", 303)


@blueprint.post("/account/consents/<consent_id>/withdraw")
@signed_in
def withdraw_consent(consent_id: str) -> ResponseReturnValue:
    """Withdraw a consent; without it nothing is shown until it is given again (F-24)."""
    source = source_address()
    if consent.withdraw(database_session(), own_account(), consent_id, source=source):
        flash(_withdrawn_words(consent_id), "success")
    return redirect("/account", 303)


def _withdrawn_words(consent_id: str) -> str:
    given = database_session().get(Consent, consent_id)
    if given is not None and given.kind == CONSENT_KIND:
        return _("已撤回同意。调取来的外省影像副本将在几分钟内删除。")
    return _("已撤回同意。再次同意之前，我们不会展示您的影像。")


@blueprint.post("/account/devices/sign-out")
@signed_in
def sign_out_device() -> ResponseReturnValue:
    """End the session of one of one's own devices."""
    device, source = request.form.get("device", ""), source_address()
    if accounts.revoke_session(database_session(), own_account(), device, source=source):
        flash(_("该设备已退出登录。"), "success")
    return redirect("/account", 303)


@blueprint.post("/account/devices/sign-out-others")
@signed_in
def sign_out_others() -> ResponseReturnValue:
    """End every session of the account but this one."""
    token = session_token(current_cloud().settings, request) or ""
    count = accounts.sign_out_others(
        database_session(), own_account(), keep_token=token, source=source_address()
    )
    flash(_("已退出其他 %(count)s 台设备。", count=count), "success")
    return redirect("/account", 303)
