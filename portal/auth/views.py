"""The sign-in pages: password, then code; and the way out."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.auth.entering import visit, welcome
from portal.auth.forms import CodeForm, PasswordForm
from portal.auth.leaving import leave
from portal.auth.pending import begin, forget, keep, pending_sign_in
from portal.auth.words import clock_time
from portal.context import current_cloud, database_session
from portal.decisions import public
from portal.identity import current_identity, source_address
from portal.limits import SIGN_IN, limited
from portal.next_url import safe_next
from server import accounts
from server.accounts import SignInExpired, SignInRefused

blueprint = Blueprint("auth", __name__)

UNPROCESSABLE = 422
TOO_MANY = 429


@blueprint.get("/login")
@public
def login_page() -> ResponseReturnValue:
    """Show the first step; whoever is signed in goes on at once, unless he is to prove himself
    once more (`again`)."""
    target = safe_next(request.args.get("next"))
    if current_identity() and "again" not in request.args:
        return redirect(target, 303)
    return render_template("auth/login.html", form=PasswordForm(), target=target)


@blueprint.post("/login")
@limited(SIGN_IN)
@public
def login() -> ResponseReturnValue:
    """Take login and password; only when both fit is the code asked for."""
    form = PasswordForm()
    target = safe_next(request.form.get("next"))
    if not form.validate():
        return render_template("auth/login.html", form=form, target=target), UNPROCESSABLE
    try:
        challenge = accounts.start_sign_in(
            current_cloud(),
            database_session(),
            login=form.login.data or "",
            password=form.password.data or "",
            source=source_address(),
        )
    except SignInRefused as refused:
        flash(_refusal(refused, _("账号或密码不正确。")), "error")
        page = render_template("auth/login.html", form=form, target=target)
        return page, TOO_MANY if refused.retry_at else UNPROCESSABLE
    forget()
    begin(challenge, target)
    return redirect("/login/code", 303)


@blueprint.get("/login/code")
@public
def code_page() -> ResponseReturnValue:
    """Show the second step."""
    pending = pending_sign_in()
    if pending is None:
        return redirect("/login", 303)
    return render_template("auth/code.html", form=CodeForm(), pending=pending)


@blueprint.post("/login/sms")
@limited(SIGN_IN)
@public
def send_code() -> ResponseReturnValue:
    """Send a code by text message to the phone on record."""
    pending = pending_sign_in()
    if pending is None or not pending.can_sms:
        return redirect("/login", 303)
    try:
        accounts.send_sms_code(
            current_cloud(), database_session(), token=pending.token, source=source_address()
        )
    except SignInExpired as expired:
        return _start_again(expired)
    except SignInRefused as refused:
        flash(_message_refusal(refused), "warning")
        return redirect("/login/code", 303)
    keep(replace(pending, sms_sent=True))
    flash(_("验证码已发送到您登记的手机，5 分钟内有效。"), "success")
    return redirect("/login/code", 303)


@blueprint.post("/login/code")
@limited(SIGN_IN)
@public
def check_code() -> ResponseReturnValue:
    """Take the code and sign in."""
    pending = pending_sign_in()
    if pending is None:
        return redirect("/login", 303)
    form = CodeForm()
    if not form.validate():
        page = render_template("auth/code.html", form=form, pending=pending)
        return page, UNPROCESSABLE
    try:
        signed_in = accounts.finish_sign_in(
            current_cloud(),
            database_session(),
            token=pending.token,
            code=form.answer,
            **visit(),
        )
    except SignInRefused as refused:
        if refused.retry_at or isinstance(refused, SignInExpired):
            return _start_again(refused)
        form.code.errors = [_("验证码不正确，请核对后重试。")]
        page = render_template("auth/code.html", form=form, pending=pending)
        return page, UNPROCESSABLE
    return welcome(signed_in, pending.target)


@blueprint.post("/logout")
@public
def logout() -> ResponseReturnValue:
    """End the session on the server and in the browser; harmless when there is none."""
    return leave(_("您已安全退出。"), "success")


def _start_again(refused: SignInRefused) -> ResponseReturnValue:
    forget()
    flash(_refusal(refused, _("验证已超时，请重新登录。")), "error")
    return redirect("/login", 303)


def _refusal(refused: SignInRefused, words: str) -> str:
    if refused.retry_at is None:
        return words
    return str(_("尝试次数过多，请于 %(time)s 后再试。", time=clock_time(refused.retry_at)))


def _message_refusal(refused: SignInRefused) -> str:
    if refused.retry_at is None:
        return str(_("短信暂时无法发送，请改用身份验证器。"))
    when = clock_time(refused.retry_at)
    return str(_("短信发送过于频繁，请于 %(time)s 后再发送。", time=when))
