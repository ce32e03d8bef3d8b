"""Opening an account oneself; the addresses exist only where the operator has switched it on."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.auth.forms import PhoneProofForm, RegistrationForm
from portal.auth.pending import forget
from portal.auth.proof import UNPROCESSABLE, ProofPages
from portal.auth.words import in_language
from portal.context import current_cloud, database_session
from portal.decisions import public
from portal.identity import source_address
from portal.limits import SIGN_IN, limited
from server.accounts import (
    AccountExistsError,
    LoginNameError,
    SignInExpired,
    WeakPasswordError,
    registration,
)
from server.model import ProofPurpose

blueprint = Blueprint("registration", __name__)

ACCOUNT = "/register/account"


def _words() -> dict[str, str]:
    return {
        "title": _("注册账户"),
        "lead": _("医院登记过您的身份证号和手机号即可注册，我们把验证码发到这部手机。"),
    }


pages = ProofPages(ProofPurpose.REGISTER, "/register", _words)


@blueprint.get("/register")
@public
def start_page() -> ResponseReturnValue:
    """Ask for ID number and phone."""
    return pages.first(PhoneProofForm())


@blueprint.post("/register")
@limited(SIGN_IN)
@public
def start() -> ResponseReturnValue:
    """Send a code, if both are on record."""
    return pages.begin()


@blueprint.get("/register/code")
@public
def code_page() -> ResponseReturnValue:
    """Ask for the code."""
    return pages.code_page()


@blueprint.post("/register/code")
@limited(SIGN_IN)
@public
def check_code() -> ResponseReturnValue:
    """Take the code."""
    return pages.check(ACCOUNT)


@blueprint.get(ACCOUNT)
@public
def account_page() -> ResponseReturnValue:
    """Ask for login and password; whoever has an account is led to the sign-in page."""
    try:
        if registration.has_account(database_session(), pages.token()):
            return _known()
    except SignInExpired:
        return pages.again()
    return render_template("auth/register.html", form=RegistrationForm())


@blueprint.post(ACCOUNT)
@limited(SIGN_IN)
@public
def open_account() -> ResponseReturnValue:
    """Open the account."""
    form = RegistrationForm()
    if not form.validate():
        return render_template("auth/register.html", form=form), UNPROCESSABLE
    try:
        registration.register(
            current_cloud(),
            database_session(),
            pages.token(),
            login=form.login.data or "",
            password=form.password.data or "",
            source=source_address(),
        )
    except SignInExpired:
        return pages.again()
    except WeakPasswordError as weak:
        form.password.errors = [in_language(weak)]
        return render_template("auth/register.html", form=form), UNPROCESSABLE
    except (AccountExistsError, LoginNameError) as taken:
        form.login.errors = [in_language(taken)]
        return render_template("auth/register.html", form=form), UNPROCESSABLE
    forget()
    flash(_("账户已开通，请登录。第二步用短信验证码。"), "success")
    return redirect("/login", 303)


def _known() -> ResponseReturnValue:
    forget()
    flash(_("您已有账户，请直接登录；忘记密码可找回账户。"), "info")
    return redirect("/login", 303)
