"""A forgotten password: phone, code, then a second factor or a day of waiting (ASVS 6.4.3)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.auth.forms import PhoneProofForm, ResetPasswordForm
from portal.auth.pending import forget
from portal.auth.proof import TOO_MANY, UNPROCESSABLE, ProofPages
from portal.auth.words import clock_time, in_language
from portal.context import current_cloud, database_session
from portal.decisions import public
from portal.identity import source_address
from portal.limits import SIGN_IN, limited
from server.accounts import SignInExpired, SignInRefused, WeakPasswordError, recovery
from server.model import ProofPurpose

blueprint = Blueprint("recovery", __name__)

PASSWORD = "/recover/password"  # noqa: S105 - an address


def _words() -> dict[str, str]:
    return {
        "title": _("找回账户"),
        "lead": _("请填写身份证号和在医院登记的手机号，我们把验证码发到这部手机。"),
    }


pages = ProofPages(ProofPurpose.RECOVER, "/recover", _words)


@blueprint.get("/recover")
@public
def start_page() -> ResponseReturnValue:
    """Ask for ID number and phone."""
    return pages.first(PhoneProofForm())


@blueprint.post("/recover")
@limited(SIGN_IN)
@public
def start() -> ResponseReturnValue:
    """Send a code, if both are on record."""
    return pages.begin()


@blueprint.get("/recover/code")
@public
def code_page() -> ResponseReturnValue:
    """Ask for the code."""
    return pages.code_page()


@blueprint.post("/recover/code")
@limited(SIGN_IN)
@public
def check_code() -> ResponseReturnValue:
    """Take the code."""
    return pages.check(PASSWORD)


@blueprint.get(PASSWORD)
@public
def password_page() -> ResponseReturnValue:
    """Show what can be done now: a new password, or waiting."""
    return _choice(ResetPasswordForm())


@blueprint.post(PASSWORD)
@limited(SIGN_IN)
@public
def set_password() -> ResponseReturnValue:
    """Take the new password, with a code unless a request has waited."""
    form = ResetPasswordForm()
    if not form.validate():
        return _choice(form, UNPROCESSABLE)
    try:
        recovery.reset_password(
            current_cloud(),
            database_session(),
            pages.token(),
            new=form.password.data or "",
            code=form.code.data or "",
            source=source_address(),
        )
    except SignInExpired:
        return pages.again()
    except WeakPasswordError as weak:
        form.password.errors = [in_language(weak)]
        return _choice(form, UNPROCESSABLE)
    except SignInRefused as refused:
        form.code.errors = [_refusal(refused)]
        return _choice(form, TOO_MANY if refused.retry_at else UNPROCESSABLE)
    forget()
    flash(_("密码已重设，所有设备已退出登录，请用新密码登录。"), "success")
    return redirect("/login", 303)


@blueprint.post("/recover/wait")
@limited(SIGN_IN)
@public
def wait() -> ResponseReturnValue:
    """Begin to wait, for whoever has no second factor at hand."""
    cloud, session = current_cloud(), database_session()
    try:
        recovery.ask_to_wait(cloud, session, pages.token(), source=source_address())
    except SignInExpired:
        return pages.again()
    return redirect(PASSWORD, 303)


def _choice(form: ResetPasswordForm, status: int = 200) -> ResponseReturnValue:
    cloud, session = current_cloud(), database_session()
    try:
        account = recovery.account_of(session, pages.token())
    except SignInExpired:
        return pages.again()
    request = recovery.open_request(session, account)
    page = render_template(
        "auth/recover.html",
        form=form,
        waiting=request,
        ready=recovery.is_ready(request),
        has_factor=recovery.has_second_factor(session, account),
        hours=cloud.settings.recovery_hours,
    )
    return page, status


def _refusal(refused: SignInRefused) -> str:
    if refused.retry_at is None:
        return str(_("验证码或恢复码不正确，请核对后重试。"))
    return str(_("尝试次数过多，请于 %(time)s 后再试。", time=clock_time(refused.retry_at)))
