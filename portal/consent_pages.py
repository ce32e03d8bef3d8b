"""The consent screen: nothing personal is shown or processed before it (A-37, F-20)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.auth.pending import forget
from portal.context import current_cloud, database_session
from portal.decisions import signed_in
from portal.identity import current_identity, source_address
from portal.next_url import safe_next
from portal.sessions import clear_session, session_token
from server import accounts, consent
from server.model import Account

blueprint = Blueprint("consent", __name__)

AGREE = "agree"


@blueprint.get("/consent")
@signed_in(consented=False)
def consent_page() -> str:
    """Show the privacy policy with the two answers."""
    target = safe_next(request.args.get("next"))
    return render_template("pages/consent.html", policy=consent.current_policy(), target=target)


@blueprint.post("/consent")
@signed_in(consented=False)
def answer_consent() -> ResponseReturnValue:
    """Record a consent and go on; a refusal signs out."""
    if request.form.get("decision") != AGREE:
        return _refuse()
    identity = current_identity()
    assert identity is not None
    session = database_session()
    account = session.get_one(Account, identity.account_id)
    consent.give(session, account, source=source_address())
    flash(_("您已同意隐私政策，可随时在“我的”中撤回。"), "success")
    return redirect(safe_next(request.form.get("next")), 303)


def _refuse() -> ResponseReturnValue:
    cloud = current_cloud()
    token = session_token(cloud.settings, request)
    if token:
        accounts.sign_out(database_session(), token)
    forget()
    flash(_("您未同意隐私政策，我们没有处理您的个人信息，已为您退出。"), "info")
    response = redirect("/login", 303)
    clear_session(response, cloud.settings)
    return response
