"""Changing a share that lives: its period, its views, a pause; on the page that shows it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.context import database_session
from portal.decisions import signed_in
from portal.identity import signed_in_identity, source_address
from portal.share import records
from portal.share.forms import PeriodForm, ViewsForm
from portal.study.shown import worded
from server import sharing
from server.model import Account
from server.sharing import ShareTermsError

blueprint = Blueprint("share_changes", __name__)

UNPROCESSABLE = 422


@blueprint.post("/<share_id>/period")
@signed_in(roles=records.PATIENTS)
def change_period(share_id: str) -> ResponseReturnValue:
    """Let a share last longer or shorter, counted from now."""
    form = PeriodForm()
    lifetime = form.chosen_lifetime() if form.validate() else None
    if lifetime is None:
        return records.detail_page(share_id, period=form), UNPROCESSABLE
    return _change(
        share_id,
        lambda account: sharing.set_lifetime(
            database_session(), account, share_id, lifetime, source=source_address()
        ),
        str(_("有效期已更改。")),
    )


@blueprint.post("/<share_id>/views")
@signed_in(roles=records.PATIENTS)
def change_views(share_id: str) -> ResponseReturnValue:
    """Let a share be opened more or less often in all."""
    form = ViewsForm()
    if not form.validate():
        return records.detail_page(share_id, views=form), UNPROCESSABLE
    chosen = form.chosen_views()
    return _change(
        share_id,
        lambda account: sharing.set_views(
            database_session(), account, share_id, chosen, source=source_address()
        ),
        str(_("可打开次数已更改。")),
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
        str(_("已暂停，恢复之前谁也打不开。")),
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
        str(_("已恢复，原来的链接和二维码可以继续使用。")),
    )


def _change(share_id: str, change: Callable[[Account], None], words: str) -> ResponseReturnValue:
    """Change a share, and show it as it is now, with what was done or why not."""
    account = database_session().get_one(Account, signed_in_identity().account_id)
    try:
        change(account)
    except ShareTermsError as refused:
        flash(worded(str(refused)), "error")
    else:
        flash(words, "success")
    return redirect(f"{records.LIST}/{share_id}", 303)
