"""Accounts of staff, and the half-yearly look at their rights (F-07, F-08)."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest, NotFound

from portal.admin import words
from portal.admin.console import actor, show
from portal.admin.sections import changes, reads
from portal.context import database_session
from server.centre import openings, rights
from server.centre.acting import OutOfReachError
from server.centre.rights import RightsRefusedError
from server.model import Role

accounts = Blueprint("admin_accounts", __name__, url_prefix="/admin/accounts")
reviews = Blueprint("admin_rights", __name__, url_prefix="/admin/rights")

LIST, REVIEWS = "/admin/accounts", "/admin/rights"


@accounts.get("")
@reads("accounts")
def page() -> str:
    """Show the accounts of staff."""
    chosen, login = request.args.get("role", ""), request.args.get("login", "")[:64]
    role = Role(chosen) if chosen in {one.value for one in Role} else None
    names = words.role_words()
    return show(
        "admin/accounts.html",
        rows=rights.staff(database_session(), actor(), role=role, login=login),
        names=names,
        roles=[("", _("全部")), *((one.value, names[one]) for one in Role if one != Role.PATIENT)],
        givable=[(one.value, names[one]) for one in rights.givable(actor())],
        openings=openings.waiting(database_session(), actor()),
        asked_role=chosen,
        asked_login=login,
        own=actor().account_id,
    )


@accounts.post("/<int:account_id>/disable")
@changes("accounts")
def disable(account_id: int) -> ResponseReturnValue:
    """Shut an account."""
    _do(lambda: rights.disable(database_session(), actor(), account_id), _("已停用账户。"))
    return redirect(LIST, 303)


@accounts.post("/<int:account_id>/role")
@changes("accounts")
def role(account_id: int) -> ResponseReturnValue:
    """Give an account another role."""
    chosen = request.form.get("role", "")
    if chosen not in {one.value for one in Role}:
        raise BadRequest
    _do(
        lambda: rights.change_role(database_session(), actor(), account_id, Role(chosen)),
        _("已更改角色，该账户须重新登录。"),
    )
    return redirect(LIST, 303)


@reviews.get("")
@reads("rights")
def due() -> str:
    """Show the accounts whose rights nobody has looked at for half a year."""
    return show(
        "admin/rights.html",
        rows=rights.due(database_session(), actor()),
        names=words.role_words(),
        own=actor().account_id,
        days=rights.REVIEW_AFTER.days,
    )


@reviews.post("/<int:account_id>")
@changes("rights")
def review(account_id: int) -> ResponseReturnValue:
    """Note that an account's rights were looked at, or shut it."""
    if request.form.get("verdict") == "disable":
        _do(lambda: rights.disable(database_session(), actor(), account_id), _("已停用账户。"))
    else:
        _do(lambda: rights.review(database_session(), actor(), account_id), _("已记录复核。"))
    return redirect(REVIEWS, 303)


def _do(change: Callable[[], None], done: str) -> None:
    try:
        change()
        flash(done, "success")
    except RightsRefusedError as refused:
        flash(words.rights_refusal(refused.reason), "error")
    except OutOfReachError as error:
        raise NotFound from error
