"""Opening accounts of staff: one person asks, another confirms, each holds one half (F-07)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.admin import words
from portal.admin.console import actor, choosable, in_language, show
from portal.admin.sections import changes
from portal.context import current_cloud, database_session
from portal.limits import SIGN_IN, limited
from portal.share.qr import data_address, qr_png
from portal.typed import number_of
from server.accounts import AccountExistsError, LoginNameError
from server.centre import openings, rights
from server.centre.acting import OutOfReachError
from server.centre.openings import Confirmed, Opened, OpeningRefusal, OpeningRefusedError
from server.model import Role

blueprint = Blueprint("admin_openings", __name__, url_prefix="/admin/accounts")

LIST = "/admin/accounts"
UNPROCESSABLE = 422


@blueprint.get("/new")
@changes("accounts")
def page() -> str:
    """Ask for login, role and institution."""
    return _page()


@blueprint.post("/new")
@limited(SIGN_IN)
@changes("accounts")
def open_account() -> ResponseReturnValue:
    """Open an account; its temporary password is shown this once."""
    form = request.form
    number, role = form.get("institution", ""), form.get("role", "")
    try:
        opened = openings.open_account(
            current_cloud(),
            database_session(),
            actor(),
            login=form.get("login", "").strip()[:100],
            role=Role(role),
            institution_id=number_of(number),
        )
    except (AccountExistsError, LoginNameError) as error:
        return _again(in_language(str(error)))
    except OpeningRefusedError as refused:
        return _again(_refusal(refused.reason))
    except (OutOfReachError, ValueError):
        return _again(_("请选择角色和机构。"))
    return _page(opened=opened)


@blueprint.post("/<int:account_id>/confirm")
@limited(SIGN_IN)
@changes("accounts")
def confirm(account_id: int) -> ResponseReturnValue:
    """Confirm an account, whose authenticator is shown this once, or refuse it."""
    session, refuses = database_session(), request.form.get("verdict") == "refuse"
    try:
        if refuses:
            openings.refuse(session, actor(), account_id)
            flash(_("已驳回，账户保持停用。"), "success")
            return redirect(LIST, 303)
        confirmed = openings.confirm(current_cloud(), session, actor(), account_id)
    except OpeningRefusedError as refused:
        flash(_refusal(refused.reason), "error")
        return redirect(LIST, 303)
    except OutOfReachError as error:
        raise NotFound from error
    return _page(confirmed=confirmed)


def _again(wrong: str) -> ResponseReturnValue:
    database_session().rollback()
    return _page(wrong=wrong), UNPROCESSABLE


def _page(
    *, opened: Opened | None = None, confirmed: Confirmed | None = None, wrong: str = ""
) -> str:
    names = words.role_words()
    return show(
        "admin/account_new.html",
        opened=opened,
        confirmed=confirmed,
        qr=data_address(qr_png(confirmed.totp_uri)) if confirmed is not None else "",
        wrong=wrong,
        given=request.form,
        names=names,
        roles=[(one.value, names[one]) for one in rights.givable(actor())],
        institutions=[one for one in choosable() if one.ended_at is None],
    )


def _refusal(reason: OpeningRefusal) -> str:
    return {
        OpeningRefusal.NOT_YOURS_TO_GIVE: _("您不能授予这个角色。"),
        OpeningRefusal.NO_INSTITUTION: _("医生和机构管理员须属于一个在用的机构，请选择机构。"),
        OpeningRefusal.OWN: _("您开立的账户须由另一位管理员确认。"),
        OpeningRefusal.DECIDED: _("这个账户已经确认或驳回过了。"),
    }[reason]
