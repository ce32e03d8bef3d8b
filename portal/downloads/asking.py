"""Asking for a download, after proving who one is: the form, and the page that shows the link."""

from __future__ import annotations

import secrets
from datetime import timedelta
from urllib.parse import quote

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.context import current_cloud, database_session
from portal.decisions import study_action
from portal.doors import StudyDoor
from portal.downloads.forms import AskForm
from portal.downloads.rows import download_row
from portal.entry import entry_kind
from portal.identity import signed_in_identity, source_address
from portal.limits import limited
from portal.share.suggestion import suggested_password
from portal.study import shown
from portal.study.pages import study_frame
from server import downloads, limits
from server.access import Action
from server.accounts import EntryKind
from server.downloads import DownloadTermsError
from server.limits import Limit, TooManyTries
from server.model import Account

blueprint = Blueprint("download_asking", __name__)

UNPROCESSABLE = 422
ASK = "10 per minute"
# A form asks once, however often it is sent; and packing is work.
ONE_A_FORM = Limit("download form", 1, timedelta(hours=24))
A_DAY = Limit("downloads a day", 20, timedelta(days=1))


@blueprint.get("")
@study_action(Action.DOWNLOAD)
def ask(door: StudyDoor) -> ResponseReturnValue:
    """Show the form, once it is clear who asks and that the browser can keep files."""
    return _way_there(door) or _form_page(door, AskForm())


@blueprint.post("")
@limited(ASK)
@study_action(Action.DOWNLOAD)
def create(door: StudyDoor) -> ResponseReturnValue:
    """Have the study packed, and show link and password."""
    elsewhere = _way_there(door)
    if elsewhere is not None:
        return elsewhere
    form = AskForm()
    if not form.validate():
        return _form_page(door, form), UNPROCESSABLE
    refusal = _count(form.token.data)
    if refusal:
        flash(refusal, "warning")
        return redirect("/downloads", 303)
    session, identity = database_session(), signed_in_identity()
    account = session.get_one(Account, identity.account_id)
    try:
        new = downloads.create(
            current_cloud(),
            session,
            account=account,
            study=door.study,
            password=form.password.data,
            lifetime=form.chosen_lifetime(),
            verified_at=identity.signed_in_at,
            source=source_address(),
        )
    except DownloadTermsError as refused:
        form.password.errors = [shown.worded(str(refused))]
        return _form_page(door, form), UNPROCESSABLE
    row = download_row(
        downloads.one_of(session, account, new.download_id), current_cloud().settings.base_url
    )
    return render_template(
        "download/created.html", study=study_frame(door), row=row, password=form.password.data
    )


def _way_there(door: StudyDoor) -> ResponseReturnValue | None:
    """Return what comes before the form: another browser, or the proof of who asks (A-33)."""
    if entry_kind() is EntryKind.MINI_PROGRAM:
        return render_template(
            "download/elsewhere.html",
            address=f"{current_cloud().settings.base_url.rstrip('/')}/studies",
            back=door.base_url,
        )
    if signed_in_identity().is_fresh:
        return None
    flash(_("下载前请重新登录一次，以确认是您本人。"), "info")
    return redirect(f"/login?again=1&next={quote(door.url('download'), safe='/')}", 303)


def _form_page(door: StudyDoor, form: AskForm) -> str:
    if not form.token.data:
        form.token.data = secrets.token_urlsafe(16)
    if not form.is_submitted():
        form.password.data = suggested_password()
    megabytes = shown.megabytes(
        sum(instance.size for series in door.study.series for instance in series.instances)
    )
    return render_template(
        "download/new.html", study=study_frame(door), form=form, megabytes=megabytes
    )


def _count(token: str) -> str:
    """Count the form and the day; return why not, in words of the page."""
    cloud, session = current_cloud(), database_session()
    account_id = signed_in_identity().account_id
    try:
        limits.take(cloud, session, ONE_A_FORM, f"{account_id} {token}")
    except TooManyTries:
        return str(_("这次下载已经在准备，没有重复创建。"))
    try:
        limits.take(cloud, session, A_DAY, str(account_id))
    except TooManyTries:
        return str(_("今天申请的下载太多，请明天再试。"))
    return ""
