"""The recipient's pages: the door, its opening, and what lies behind it (A-31).

Looking at the door tells nothing and uses no view: it is the same page for every address. Only
the explicit opening, a POST, does; its secret travels in the body, never in an address (goal 1, 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import format_datetime
from flask_babel import gettext as _
from werkzeug.exceptions import Gone

from portal.context import current_cloud, database_session
from portal.decisions import answers_data, public
from portal.doors import StudyDoor, open_door
from portal.entry import entry_kind
from portal.identity import source_address
from portal.limits import limited
from portal.sessions import clear_share_visit, set_share_visit, share_token
from portal.share.forms import OpenForm
from portal.share.rows import part_words
from portal.share.taking import ARCHIVE
from portal.study import shown
from portal.study.page_models import StudyFrame
from portal.study.pages import study_frame
from server import clock, people, sharing
from server.access import Action
from server.accounts import EntryKind
from server.devices import device_class_of
from server.model import Share
from server.sharing import ShareClosed, ShareCodeNeeded, SharePasswordNeeded, ShareRefused

blueprint = Blueprint("share_recipient", __name__)

# For each share from each address: others behind the same one must not wait for it.
OPENINGS = "20 per minute"
KEY, PASSWORD, CODE = "key", "password", "code"  # what the door asks for
GONE = 410
UNPROCESSABLE = 422
TOO_MANY = 429


def _one_share_from_one_address() -> str:
    return f"{source_address()} {(request.view_args or {}).get('share_id', '')}"


@dataclass(frozen=True)
class SharedOverview:
    """What a recipient sees first: what it is, what is open to him, and for how long."""

    study: StudyFrame
    person_name: str
    identity_shown: bool
    given_by_patient: bool
    series_count: int
    expires_at: datetime
    remaining: str
    views_left: int | None
    parts: tuple[str, ...]
    download_url: str
    watermark: bool


@blueprint.get("")
@public
def door(share_id: str) -> ResponseReturnValue:
    """Show what is shared to a live visit, the closed door to everybody else."""
    opened = _live_visit(share_id)
    if opened is not None:
        return render_template("share/overview.html", page=_overview(opened))
    settings = current_cloud().settings
    ended = share_token(settings, request, share_id) is not None
    response = Response(_door_page(share_id, OpenForm(formdata=None), ended=ended))
    if ended:
        clear_share_visit(response, settings, share_id)
    return response


@blueprint.post("/open")
@limited(OPENINGS, by=_one_share_from_one_address)
@public
def open_share(share_id: str) -> ResponseReturnValue:
    """Exchange secret or short code, and password, for a visit."""
    form = OpenForm()
    if not form.validate() or not form.key():
        form.code.errors = [_("请从链接或二维码打开，或输入短码")]
        return _door_page(share_id, form), UNPROCESSABLE
    try:
        opened = sharing.open_share(
            current_cloud(),
            share_id=share_id,
            keys=form.keys(),
            source=source_address(),
            device_class=device_class_of(request.user_agent.string),
        )
    except ShareClosed as closed:
        return _closed_page(share_id, closed)
    except SharePasswordNeeded as needed:
        return _password_page(share_id, form, needed)
    except ShareCodeNeeded as needed_code:
        return _code_page(share_id, form, needed_code)
    except ShareRefused as refused:
        return _refused_page(share_id, form, refused)
    response = redirect(f"/s/{share_id}", 303)
    set_share_visit(response, current_cloud().settings, share_id, opened.token)
    return response


def _live_visit(share_id: str) -> StudyDoor | None:
    try:
        opened = open_door({"share_id": share_id}, None)
    except Gone:
        return None
    return opened if isinstance(opened, StudyDoor) else None


def _door_page(
    share_id: str,
    form: OpenForm,
    *,
    ended: bool = False,
    asks: str = KEY,
    phone: str = "",
    refusal: str = "",
) -> str:
    return render_template(
        "share/door.html",
        form=form,
        action=f"/s/{share_id}/open",
        ended=ended,
        asks=asks,
        phone=phone,
        refusal=refusal,
    )


def _closed_page(share_id: str, closed: ShareClosed) -> ResponseReturnValue:
    """Say the same for unknown, wrong, expired, revoked and used up (goal 5)."""
    if answers_data():
        raise Gone from closed
    return render_template("share/closed.html", door=f"/s/{share_id}"), GONE


def _password_page(
    share_id: str, form: OpenForm, needed: SharePasswordNeeded
) -> ResponseReturnValue:
    _carry_key(form)
    if not needed.wrong:
        return _door_page(share_id, form, asks=PASSWORD)
    form.password.errors = [_("密码不正确，请向分享人核对。多次输错将暂时锁定。")]
    return _door_page(share_id, form, asks=PASSWORD), UNPROCESSABLE


def _code_page(share_id: str, form: OpenForm, needed: ShareCodeNeeded) -> ResponseReturnValue:
    _carry_key(form)
    form.proof.data = needed.proof
    if needed.too_soon:
        words = str(_("验证码刚刚发送过，请稍候一分钟再重新发送。"))
        return _door_page(share_id, form, asks=CODE, phone=needed.phone, refusal=words), TOO_MANY
    if not needed.wrong:
        return _door_page(share_id, form, asks=CODE, phone=needed.phone)
    form.sent_code.errors = [_("验证码不正确或已过期，可重新发送。多次输错将暂时锁定。")]
    return _door_page(share_id, form, asks=CODE, phone=needed.phone), UNPROCESSABLE


def _refused_page(share_id: str, form: OpenForm, refused: ShareRefused) -> ResponseReturnValue:
    asked_password = bool(form.password.data or form.proof.data)
    if asked_password:
        _carry_key(form)
        form.proof.data = ""
    until = format_datetime(refused.retry_at, "MM-dd HH:mm")
    words = str(_("尝试次数过多，已暂时锁定，请于 %(time)s 后再试。", time=until))
    page = _door_page(share_id, form, asks=PASSWORD if asked_password else KEY, refusal=words)
    seconds = max(1, round((refused.retry_at - clock.now()).total_seconds()))
    return page, TOO_MANY, {"Retry-After": str(seconds)}


def _carry_key(form: OpenForm) -> None:
    """Let the password's form hold the key that fitted, so that it is not asked for again."""
    form.secret.data = form.key()


def _overview(opened: StudyDoor) -> SharedOverview:
    share = database_session().get_one(Share, opened.grant.share_id)
    study = opened.study
    name = study.person.name if study.person else study.patient_name
    full = shown.shows_identity(opened)
    return SharedOverview(
        study=study_frame(opened),
        person_name=name if full else people.mask_name(name),
        identity_shown=full,
        given_by_patient=share.account.person_id == study.person_id,
        series_count=len(shown.visible_series(opened)),
        expires_at=share.expires_at,
        remaining=_remaining(share.expires_at),
        views_left=None if share.max_views is None else max(share.max_views - share.views, 0),
        parts=part_words(share.scope),
        download_url=_download_url(opened),
        watermark=share.watermark,
    )


def _download_url(opened: StudyDoor) -> str:
    """Return where the files are taken away, where the giver allows it and the browser can."""
    allowed = opened.allows(Action.DOWNLOAD) and opened.allows(Action.VIEW_DICOM)
    return opened.url(ARCHIVE) if allowed and entry_kind() is not EntryKind.MINI_PROGRAM else ""


def _remaining(expires_at: datetime) -> str:
    """Return in words for how long a share still opens, to the minute."""
    minutes = max(0, int((expires_at - clock.now()).total_seconds()) // 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return str(_("%(days)d 天 %(hours)d 小时", days=days, hours=hours))
    if hours:
        return str(_("%(hours)d 小时 %(minutes)d 分钟", hours=hours, minutes=minutes))
    return str(_("%(minutes)d 分钟", minutes=minutes)) if minutes else str(_("不到 1 分钟"))
