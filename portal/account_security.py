"""“Sign-in and security”: passkeys, authenticator, recovery codes, password (F-03, F-04).

Whoever changes how he signs in has signed in within the last minutes (ASVS 7.5.1).
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import NotFound

from portal.account import own_account
from portal.auth.forms import NewPasswordForm, TotpForm
from portal.auth.passkeys import read_assertion
from portal.auth.words import clock_time, in_language
from portal.context import current_cloud, database_session
from portal.decisions import ACCOUNT_SECURITY, signed_in
from portal.identity import signed_in_identity, source_address
from portal.limits import SIGN_IN, limited
from portal.sessions import session_token
from portal.share.qr import data_address, qr_png
from server.accounts import (
    FactorKind,
    FactorRefusedError,
    SignInRefused,
    WeakPasswordError,
    passkeys,
    recovery_codes,
    totp,
)
from server.accounts.credentials import change_password
from server.accounts.factors import ready_kinds
from server.model import Account

blueprint = Blueprint("account_security", __name__)

UNPROCESSABLE = 422
TOO_MANY = 429
FACTOR_TIMED_OUT = _l("绑定已超时，请重新开始。")
WRONG_FIRST_CODE = _l("验证码不正确，请核对手机时间后重试。")


@dataclass(frozen=True)
class Ways:
    """How an account may be entered, for the page."""

    has_password: bool
    has_totp: bool
    may_lose_totp: bool
    codes_left: int
    phone: bool


def _ways(account: Account) -> Ways:
    cloud, session = current_cloud(), database_session()
    kinds = ready_kinds(cloud, session, account)
    lasting = kinds & {FactorKind.SMS, FactorKind.PASSKEY}
    return Ways(
        has_password=bool(account.password_hash),
        has_totp=FactorKind.TOTP in kinds,
        may_lose_totp=bool(lasting),
        codes_left=recovery_codes.codes_left(session, account),
        phone=FactorKind.SMS in kinds,
    )


def _page(**extra: object) -> str:
    account = own_account()
    keys = passkeys.passkeys_of(database_session(), account)
    return render_template(
        "account/security.html", ways=_ways(account), passkey_rows=keys, **({"codes": ()} | extra)
    )


def _back(words: str, kind: str = "success") -> ResponseReturnValue:
    flash(words, kind)
    return redirect(ACCOUNT_SECURITY, 303)


@blueprint.get(ACCOUNT_SECURITY)
@signed_in
def security_page() -> str:
    """Show by what the account may be entered."""
    return _page()


@blueprint.post("/account/security/passkeys/options")
@signed_in(data=True, fresh=True)
def passkey_options() -> ResponseReturnValue:
    """Ask the browser for a new passkey."""
    try:
        ceremony = passkeys.begin_registration(current_cloud(), database_session(), own_account())
    except FactorRefusedError as refused:
        raise NotFound from refused
    return jsonify({"token": ceremony.token, "options": ceremony.options})


@blueprint.post("/account/security/passkeys")
@signed_in(fresh=True)
def add_passkey() -> ResponseReturnValue:
    """Keep the passkey that the browser made."""
    try:
        told = read_assertion(request.form.get("assertion", ""))
        passkeys.finish_registration(
            current_cloud(),
            database_session(),
            own_account(),
            **told,
            name=request.form.get("name", "") or _("通行密钥"),
            source=source_address(),
        )
    except (FactorRefusedError, ValueError):
        return _back(_("通行密钥没有添加成功，请重试。"), "error")
    return _back(_("通行密钥已添加，下次可直接用它登录。"))


@blueprint.post("/account/security/passkeys/<passkey_id>/rename")
@signed_in
def rename_passkey(passkey_id: str) -> ResponseReturnValue:
    """Give a passkey another name."""
    name, source = request.form.get("name", ""), source_address()
    if passkeys.rename(database_session(), own_account(), passkey_id, name, source=source):
        return _back(_("名称已保存。"))
    return _back(_("请填写名称。"), "error")


@blueprint.post("/account/security/passkeys/<passkey_id>/remove")
@signed_in(fresh=True)
def remove_passkey(passkey_id: str) -> ResponseReturnValue:
    """Remove a passkey: it no longer signs in."""
    cloud, source = current_cloud(), source_address()
    passkeys.remove(cloud, database_session(), own_account(), passkey_id, source=source)
    return _back(_("通行密钥已移除，不能再用它登录。"))


@blueprint.get("/account/security/totp")
@signed_in(fresh=True)
def totp_page() -> ResponseReturnValue:
    """Offer a secret for an authenticator, as QR code and as text."""
    return _totp_page(totp.offer(current_cloud(), own_account()), TotpForm())


def _totp_page(offered: totp.TotpOffer, form: TotpForm) -> str:
    return render_template(
        "account/totp.html",
        form=form,
        offered=offered,
        secret=offered.grouped_secret,
        qr=data_address(qr_png(offered.uri)),
    )


@blueprint.post("/account/security/totp")
@limited(SIGN_IN)
@signed_in(fresh=True)
def confirm_totp() -> ResponseReturnValue:
    """Take the first code of the offered authenticator; from then on it is the account's."""
    form, account = TotpForm(), own_account()
    try:
        offered = totp.same_offer(current_cloud(), account, request.form.get("offer", ""))
    except FactorRefusedError:
        return _back(str(FACTOR_TIMED_OUT), "error")
    if not form.validate():
        return _totp_page(offered, form), UNPROCESSABLE
    code, source = form.code.data or "", source_address()
    if not totp.accept_offer(
        current_cloud(), database_session(), account, offered, code, source=source
    ):
        form.code.errors = [str(WRONG_FIRST_CODE)]
        return _totp_page(offered, form), UNPROCESSABLE
    return _back(_("身份验证器已绑定，原有的已失效。"))


@blueprint.post("/account/security/totp/remove")
@signed_in(fresh=True)
def remove_totp() -> ResponseReturnValue:
    """Take the authenticator off, where another second factor is left."""
    account = own_account()
    if not _ways(account).may_lose_totp:
        return _back(_("请先添加通行密钥，再移除身份验证器。"), "error")
    totp.remove(current_cloud(), database_session(), account, source=source_address())
    return _back(_("身份验证器已移除。"))


@blueprint.post("/account/security/recovery-codes")
@signed_in(fresh=True)
def new_recovery_codes() -> ResponseReturnValue:
    """Make ten recovery codes and show them this once."""
    codes = recovery_codes.renew(
        current_cloud(), database_session(), own_account(), source=source_address()
    )
    return render_template("account/recovery_codes.html", codes=codes)


@blueprint.get("/account/security/password")
@signed_in
def password_page() -> str:
    """Show the form for another password."""
    return _password_page(NewPasswordForm())


def _password_page(form: NewPasswordForm) -> str:
    has_password = bool(own_account().password_hash)
    temporary = signed_in_identity().temporary_credential
    return render_template(
        "account/password.html", form=form, has_password=has_password, temporary=temporary
    )


@blueprint.post("/account/security/password")
@limited(SIGN_IN)
@signed_in(fresh=True)
def set_password() -> ResponseReturnValue:
    """Take the password in use and a new one; all other devices are signed out."""
    form, cloud = NewPasswordForm(), current_cloud()
    temporary = signed_in_identity().temporary_credential
    if not form.validate():
        return _password_page(form), UNPROCESSABLE
    if temporary and form.password.data == form.current.data:
        form.password.errors = [_("请换一个密码，不要沿用管理员给您的密码。")]
        return _password_page(form), UNPROCESSABLE
    try:
        change_password(
            cloud,
            database_session(),
            own_account(),
            current=form.current.data or "",
            new=form.password.data or "",
            keep_token=session_token(cloud.settings, request) or "",
            source=source_address(),
        )
    except WeakPasswordError as weak:
        form.password.errors = [in_language(weak)]
        return _password_page(form), UNPROCESSABLE
    except SignInRefused as refused:
        form.current.errors = [_refusal(refused)]
        return _password_page(form), TOO_MANY if refused.retry_at else UNPROCESSABLE
    words = _("密码已修改，其他设备已全部退出登录。")
    if temporary:
        flash(words, "success")
        return redirect("/", 303)
    return _back(words)


def _refusal(refused: SignInRefused) -> str:
    if refused.retry_at is None:
        return str(_("当前密码不正确。"))
    return str(_("尝试次数过多，请于 %(time)s 后再试。", time=clock_time(refused.retry_at)))
