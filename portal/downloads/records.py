"""What became of the downloads one asked for: the list, one download, taking it back (A-34)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from jinja2_fragments.flask import render_block

from portal.context import current_cloud, database_session
from portal.decisions import signed_in
from portal.downloads.rows import DownloadRow, download_row, visit_row
from portal.identity import signed_in_identity, source_address
from server import downloads
from server.model import Account, Role

blueprint = Blueprint("download_records", __name__)

PATIENTS = (Role.PATIENT,)
LIST = "/downloads"


@blueprint.get("")
@signed_in(roles=PATIENTS)
def records() -> str:
    """Show the downloads, newest first."""
    base_url = current_cloud().settings.base_url
    found = downloads.downloads_of(database_session(), _account())
    return render_template(
        "download/list.html", rows=[download_row(one, base_url) for one in found]
    )


@blueprint.get("/<download_id>")
@signed_in(roles=PATIENTS)
def detail(download_id: str) -> str:
    """Show one download: how far it is, its link, each opening."""
    found = downloads.visits(database_session(), _account(), download_id)
    return render_template(
        "download/detail.html",
        row=_row(download_id),
        visits=[visit_row(one) for one in found],
        shows_places=bool(current_cloud().settings.hospital_networks),
    )


@blueprint.get("/<download_id>/progress")
@signed_in(roles=PATIENTS)
def progress(download_id: str) -> str:
    """Send how far a download is, for htmx, which asks again while it is not ready."""
    return str(render_block("download/_progress.html", "progress", row=_row(download_id)))


@blueprint.post("/<download_id>/revoke")
@signed_in(roles=PATIENTS)
def revoke(download_id: str) -> ResponseReturnValue:
    """Take a download back."""
    downloads.revoke(database_session(), _account(), download_id, source=source_address())
    flash(_("已删除，链接立即失效，不能恢复。"), "success")
    return redirect(LIST, 303)


def _account() -> Account:
    return database_session().get_one(Account, signed_in_identity().account_id)


def _row(download_id: str) -> DownloadRow:
    """Return a download. Raises AccessDenied for anybody else's or an unknown one."""
    record = downloads.one_of(database_session(), _account(), download_id)
    return download_row(record, current_cloud().settings.base_url)
