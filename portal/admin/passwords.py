"""A temporary password for whoever cannot recover his account himself (F-04, F-48)."""

from __future__ import annotations

from flask import Blueprint, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.admin.console import actor, show
from portal.admin.sections import changes
from portal.context import current_cloud, database_session
from portal.limits import SIGN_IN, limited
from server.accounts.resets import GivenCredentials
from server.centre import password_resets
from server.centre.acting import OutOfReachError

blueprint = Blueprint("admin_passwords", __name__, url_prefix="/admin/accounts/password")

UNPROCESSABLE = 422
LONGEST_LOGIN = 100


@blueprint.get("")
@changes("accounts")
def page() -> str:
    """Ask whose password is to be replaced."""
    return _page(request.args.get("login", "")[:LONGEST_LOGIN])


@blueprint.post("")
@limited(SIGN_IN)
@changes("accounts")
def reset() -> ResponseReturnValue:
    """Give a temporary password, which the page shows this once."""
    login = request.form.get("login", "").strip()[:LONGEST_LOGIN]
    try:
        given = password_resets.reset(current_cloud(), database_session(), actor(), login)
    except OutOfReachError:
        flash(_("没有可由您重设的账户“%(login)s”。请核对登录名。", login=login), "error")
        return _page(login), UNPROCESSABLE
    return _page(login, given)


def _page(login: str, given: GivenCredentials | None = None) -> str:
    return show("admin/password.html", login=login, given=given)
