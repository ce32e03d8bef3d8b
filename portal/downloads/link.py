"""The link of a download: the password, then the archive, whole or from where it was cut (A-34).

Looking at the link tells nothing: it is the same page for every address. The password travels in a
form; what opens the archive then is a cookie of this browser.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from flask import Blueprint, Response, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import format_datetime
from flask_babel import gettext as _
from werkzeug.exceptions import Gone

from portal.context import current_cloud, database_session
from portal.decisions import Decision, public
from portal.downloads import ranges
from portal.downloads.forms import PasswordForm
from portal.entry import entry_kind
from portal.identity import source_address
from portal.limits import limited
from portal.sessions import download_token, set_download_visit
from portal.study import archives, shown
from server import clock, downloads
from server.accounts import EntryKind
from server.cloud import ImageCloud
from server.devices import device_class_of
from server.downloads import DownloadClosed, DownloadLocked, WrongPassword, parts
from server.downloads.opening import note_completed
from server.model import Download, DownloadState

View = TypeVar("View", bound=Callable[..., Any])
blueprint = Blueprint("download_link", __name__)

ARCHIVE = "study.zip"
OPENINGS = "20 per minute"
UNPROCESSABLE, GONE, TOO_MANY = 422, 410, 429
# After so many pieces of a megabyte it is asked again whether the transfer may go on.
PIECES_A_CHECK = 4


def _one_link_from_one_address() -> str:
    return f"{source_address()} {(request.view_args or {}).get('download_id', '')}"


def opened_link(view: View) -> View:
    """This browser opened the download of the address with its password, and it has not ended."""

    def check(values: dict[str, Any]) -> None:
        found = _visited(values["download_id"])
        if found is None:
            raise Gone
        g.download = found

    cast(Any, view).decision = Decision("opened the download", check)
    return view


@blueprint.get("")
@public
def door(download_id: str) -> ResponseReturnValue:
    """Show the archive to who gave the password, the closed door to everybody else."""
    found = _visited(download_id)
    if found is None:
        return _door_page(download_id, PasswordForm(formdata=None))
    return render_template(
        "download/opened.html",
        ready=found.state == DownloadState.READY,
        packed=found.packed,
        total=max(found.total, 1),
        size=shown.megabytes(found.size),
        expires_at=found.expires_at,
        sha256=found.sha256,
        address=f"/d/{download_id}/{ARCHIVE}",
        here=f"/d/{download_id}",
        saves_files=entry_kind() is not EntryKind.MINI_PROGRAM,
    )


@blueprint.post("/open")
@limited(OPENINGS, by=_one_link_from_one_address)
@public
def open_link(download_id: str) -> ResponseReturnValue:
    """Exchange the password for a visit."""
    form = PasswordForm()
    if not form.validate() or not form.password.data:
        form.password.errors = [_("请输入下载密码")]
        return _door_page(download_id, form), UNPROCESSABLE
    try:
        token = downloads.open_download(
            current_cloud(),
            download_id=download_id,
            password=form.password.data,
            source=source_address(),
            device_class=device_class_of(request.user_agent.string),
        )
    except DownloadClosed:
        return render_template("download/closed.html", door=f"/d/{download_id}"), GONE
    except WrongPassword:
        form.password.errors = [_("密码不正确。多次输错将暂时锁定。")]
        return _door_page(download_id, form), UNPROCESSABLE
    except DownloadLocked as locked:
        return _locked_page(download_id, form, locked)
    response = redirect(f"/d/{download_id}", 303)
    set_download_visit(response, current_cloud().settings, download_id, token)
    return response


@blueprint.get(f"/{ARCHIVE}")
@opened_link
def archive(download_id: str) -> ResponseReturnValue:
    """Send the archive, or the range of it that is asked for."""
    found: Download = g.download
    if entry_kind() is EntryKind.MINI_PROGRAM or found.state != DownloadState.READY:
        return redirect(f"/d/{download_id}", 303)
    asked = ranges.wanted(request, found.size, found.sha256)
    pieces = _pieces(current_cloud(), found, asked, _token(download_id), source_address())
    # The first one is read now, while a fault can still be answered in words.
    first = next(pieces, b"")
    response = Response(
        itertools.chain([first], pieces),
        status=asked.status,
        content_type="application/zip",
    )
    response.set_etag(found.sha256)
    response.accept_ranges = "bytes"
    response.content_length = asked.stop - asked.start
    content_range = asked.content_range(found.size)
    if content_range is not None:
        response.headers["Content-Range"] = content_range
    name = archives.file_name(found.study)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _pieces(
    cloud: ImageCloud, found: Download, asked: ranges.Wanted, token: str, source: str
) -> Iterator[bytes]:
    """Yield the bytes; they break off once the download ends, and the last is noted."""
    stream = parts.read(
        cloud.vault, found.study.data_key, found.object_prefix, asked.start, asked.stop
    )
    for number, piece in enumerate(stream):
        if number and number % PIECES_A_CHECK == 0 and not _still(cloud, found, token):
            return
        yield piece
    if asked.stop == found.size:
        note_completed(cloud, found.download_id, token, source=source)


def _still(cloud: ImageCloud, found: Download, token: str) -> bool:
    with cloud.database.session() as own:
        return downloads.visited(own, found.download_id, token) is not None


def _token(download_id: str) -> str:
    return download_token(current_cloud().settings, request, download_id) or ""


def _visited(download_id: str) -> Download | None:
    return downloads.visited(database_session(), download_id, _token(download_id))


def _door_page(download_id: str, form: PasswordForm, refusal: str = "") -> str:
    return render_template(
        "download/door.html", form=form, action=f"/d/{download_id}/open", refusal=refusal
    )


def _locked_page(
    download_id: str, form: PasswordForm, locked: DownloadLocked
) -> ResponseReturnValue:
    until = format_datetime(locked.retry_at, "MM-dd HH:mm")
    words = str(_("尝试次数过多，已暂时锁定，请于 %(time)s 后再试。", time=until))
    seconds = max(1, round((locked.retry_at - clock.now()).total_seconds()))
    return _door_page(download_id, form, words), TOO_MANY, {"Retry-After": str(seconds)}
