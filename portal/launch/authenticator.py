"""In a hospital's frame: a physician binds his first authenticator, for when he works outside.

Outside the hospital's network a second factor is due (C-46), and who came by launches alone has
none. Inside, the hospital answers for who he is; there he binds it, once. Another one in its place
is the hospital's administrator's to allow.
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import Forbidden

from portal.account_security import FACTOR_TIMED_OUT, WRONG_FIRST_CODE
from portal.auth.forms import TotpForm
from portal.context import current_cloud, database_session
from portal.identity import source_address
from portal.launch.launched import current_launch, launched, launched_base
from portal.limits import SIGN_IN, limited
from portal.share.qr import data_address, qr_png
from server.accounts import FactorRefusedError, totp
from server.model import Account, Launch

blueprint = Blueprint("launch_authenticator", __name__)

ADDRESS = "/launched/<launch_id>/authenticator"
UNPROCESSABLE = 422


def may_bind(launch: Launch, account: Account) -> bool:
    """Whether a physician may bind his first authenticator in this launch."""
    return not launch.outside and account.totp_secret_sealed is None


@blueprint.get(ADDRESS)
@launched
def page(launch_id: str) -> ResponseReturnValue:  # noqa: ARG001 - the decision reads it
    """Offer a secret for an authenticator, as QR code and as text."""
    return _page(totp.offer(current_cloud(), _account()), TotpForm())


@blueprint.post(ADDRESS)
@limited(SIGN_IN)
@launched
def bind(launch_id: str) -> ResponseReturnValue:
    """Take the first code of the offered authenticator."""
    cloud, form, account = current_cloud(), TotpForm(), _account()
    try:
        offered = totp.same_offer(cloud, account, request.form.get("offer", ""))
    except FactorRefusedError:
        flash(str(FACTOR_TIMED_OUT), "error")
        return redirect(f"{launched_base(launch_id)}/authenticator", 303)
    if not form.validate():
        return _page(offered, form), UNPROCESSABLE
    code = form.code.data or ""
    if not totp.accept_offer(
        cloud, database_session(), account, offered, code, source=source_address()
    ):
        form.code.errors = [str(WRONG_FIRST_CODE)]
        return _page(offered, form), UNPROCESSABLE
    flash(_("身份验证器已绑定，院外调阅时请输入它的验证码。"), "success")
    return redirect(f"{launched_base(launch_id)}/studies", 303)


def _account() -> Account:
    """Return the physician's account. Raises Forbidden where he may not bind one here."""
    launch = current_launch()
    account = database_session().get_one(Account, launch.account_id)
    if not may_bind(launch, account):
        raise Forbidden
    return account


def _page(offered: totp.TotpOffer, form: TotpForm) -> str:
    base = launched_base(current_launch().launch_id)
    return render_template(
        "launch/authenticator.html",
        form=form,
        offered=offered,
        secret=offered.grouped_secret,
        qr=data_address(qr_png(offered.uri)),
        action=f"{base}/authenticator",
        back=f"{base}/studies",
    )
