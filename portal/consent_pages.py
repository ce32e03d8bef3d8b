"""The consent screen: nothing personal is shown or processed before it (A-37, F-20)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.auth.leaving import leave
from portal.context import database_session
from portal.decisions import signed_in
from portal.i18n import current_language
from portal.identity import signed_in_identity, source_address
from portal.next_url import safe_next
from server import consent
from server.consent import OutdatedPolicyError
from server.model import Account

blueprint = Blueprint("consent", __name__)

AGREE = "agree"


@blueprint.get("/consent")
@signed_in(consented=False)
def consent_page() -> str:
    """Show the privacy policy with the two answers."""
    target = safe_next(request.args.get("next"))
    policy = consent.current_policy(current_language())
    return render_template("pages/consent.html", policy=policy, target=target)


@blueprint.post("/consent")
@signed_in(consented=False)
def answer_consent() -> ResponseReturnValue:
    """Record a consent and go on; a refusal signs out."""
    if request.form.get("decision") != AGREE:
        return _refuse()
    session = database_session()
    account = session.get_one(Account, signed_in_identity().account_id)
    target = safe_next(request.form.get("next"))
    try:
        version = request.form.get("version", "")
        consent.give(session, account, version=version, source=source_address())
    except OutdatedPolicyError:
        flash(_("隐私政策刚刚更新，请重新阅读。"), "warning")
        return redirect(url_for("consent.consent_page", next=target), 303)
    flash(_("您已同意隐私政策，可随时在“我的账户”中撤回。"), "success")
    return redirect(target, 303)


def _refuse() -> ResponseReturnValue:
    return leave(_("您未同意隐私政策，我们没有处理您的个人信息，已为您退出。"), "info")
