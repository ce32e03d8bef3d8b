"""Changing a share that lives: its period, its views, a pause; on the page that shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest

from portal.context import database_session
from portal.decisions import signed_in
from portal.identity import signed_in_identity, source_address
from portal.share import records
from portal.share.forms import PeriodForm, ViewsForm, views_fields
from portal.study.shown import worded
from portal.undo import flash_undoable
from server import sharing
from server.access import AccessDenied, DenialReason
from server.model import Account, Share
from server.sharing import ShareTermsError

blueprint = Blueprint("share_changes", __name__)

UNPROCESSABLE = 422


@dataclass(frozen=True)
class Told:
    """What is said once a share is changed, and what to post where to have it as it was."""

    words: str
    back: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@blueprint.post("/<share_id>/period")
@signed_in(roles=records.PATIENTS)
def change_period(share_id: str) -> ResponseReturnValue:
    """Let a share last longer or shorter, counted from now."""
    form = PeriodForm()
    lifetime = form.chosen_lifetime() if form.validate() else None
    if lifetime is None:
        return records.detail_page(share_id, period=form), UNPROCESSABLE
    before = _as_it_is(share_id)
    return _change(
        share_id,
        lambda account: sharing.set_lifetime(
            database_session(), account, share_id, lifetime, source=source_address()
        ),
        Told(str(_("有效期已更改。")), "expiry", {"until": before.expires_at.isoformat()}),
    )


@blueprint.post("/<share_id>/expiry")
@signed_in(roles=records.PATIENTS)
def put_period_back(share_id: str) -> ResponseReturnValue:
    """Let a share end when it would have before its period was changed."""
    try:
        until = datetime.fromisoformat(request.form.get("until", "")).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadRequest from error
    return _change(
        share_id,
        lambda account: sharing.set_expiry(
            database_session(), account, share_id, until, source=source_address()
        ),
        Told(str(_("已恢复原来的有效期。"))),
    )


@blueprint.post("/<share_id>/views")
@signed_in(roles=records.PATIENTS)
def change_views(share_id: str) -> ResponseReturnValue:
    """Let a share be opened more or less often in all."""
    form = ViewsForm()
    if not form.validate():
        return records.detail_page(share_id, views=form), UNPROCESSABLE
    chosen, before = form.chosen_views(), _as_it_is(share_id)
    return _change(
        share_id,
        lambda account: sharing.set_views(
            database_session(), account, share_id, chosen, source=source_address()
        ),
        Told(str(_("可打开次数已更改。")), "views", views_fields(before.max_views)),
    )


@blueprint.post("/<share_id>/pause")
@signed_in(roles=records.PATIENTS)
def pause(share_id: str) -> ResponseReturnValue:
    """Close a share for a while."""
    return _change(
        share_id,
        lambda account: sharing.pause(
            database_session(), account, share_id, source=source_address()
        ),
        Told(str(_("已暂停，恢复之前谁也打不开。")), "resume"),
    )


@blueprint.post("/<share_id>/resume")
@signed_in(roles=records.PATIENTS)
def resume(share_id: str) -> ResponseReturnValue:
    """Let a paused share open again."""
    return _change(
        share_id,
        lambda account: sharing.resume(
            database_session(), account, share_id, source=source_address()
        ),
        Told(str(_("已恢复，原来的链接和二维码可以继续使用。")), "pause"),
    )


def _as_it_is(share_id: str) -> Share:
    """Return a share before it is changed. Raises AccessDenied for an unknown one."""
    share = database_session().get(Share, share_id)
    if share is None:
        raise AccessDenied(DenialReason.NOT_YOURS)
    return share


def _change(share_id: str, change: Callable[[Account], None], told: Told) -> ResponseReturnValue:
    """Change a share, and show it as it is now, with what was done or why not."""
    page = f"{records.LIST}/{share_id}"
    account = database_session().get_one(Account, signed_in_identity().account_id)
    try:
        change(account)
    except ShareTermsError as refused:
        flash(worded(str(refused)), "error")
        return redirect(page, 303)
    if told.back:
        flash_undoable(told.words, f"{page}/{told.back}", told.fields)
    else:
        flash(told.words, "success")
    return redirect(page, 303)
