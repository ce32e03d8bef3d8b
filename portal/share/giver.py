"""Giving a share: the form, and the page that shows link, QR code and short code this once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal.context import current_cloud, database_session
from portal.decisions import study_action
from portal.doors import StudyDoor
from portal.entry import entry_kind
from portal.identity import signed_in_identity, source_address
from portal.limits import limited
from portal.share import suggestion
from portal.share.forms import CardForm, ShareForm
from portal.share.qr import data_address, qr_png, qr_svg
from portal.share.rows import part_words, views_words
from portal.study import shown
from portal.study.pages import study_frame
from server import limits, messages, reports, sharing
from server.access import Action
from server.accounts import EntryKind
from server.limits import Limit, TooManyTries
from server.model import Account
from server.sharing import NewShare, ShareTermsError

blueprint = Blueprint("share_giver", __name__)

UNPROCESSABLE = 422
CONFLICT = 409
CREATE = "30 per minute"
# A form makes one share, however often it is sent, until nobody has it open any more.
ONE_A_FORM = Limit("share form", 1, timedelta(hours=24))


@dataclass(frozen=True)
class CreatedShare:
    """What the giver is shown once: how to pass it on, and what he chose."""

    share_id: str
    link: str
    door: str
    short_code: str
    secret: str
    qr_address: str
    qr_svg_address: str
    expires_at: datetime
    views: str
    password: str
    parts: tuple[str, ...]
    series_count: int
    recipient: str
    show_identity: bool
    watermark: bool
    asks_code: bool


@blueprint.get("/new")
@study_action(Action.SHARE)
def new_share(door: StudyDoor) -> ResponseReturnValue:
    """Show the form of a share's terms (A-20 … A-26)."""
    form = _form(door)
    return _form_page(door, form)


@blueprint.post("/new")
@limited(CREATE)
@study_action(Action.SHARE)
def create_share(door: StudyDoor) -> ResponseReturnValue:
    """Make the share and show its secrets; sending the form again makes no second one."""
    form = _form(door)
    if not form.validate():
        return _form_page(door, form), UNPROCESSABLE
    if not _first_time(form.token.data):
        return render_template("share/already.html", study=study_frame(door)), CONFLICT
    try:
        new = _create(door, form)
    except ShareTermsError as error:
        form.images.errors = [str(error).split(" / ")[0]]
        return _form_page(door, form), UNPROCESSABLE
    created = _created(new, form.password.data or "")
    return render_template(
        "share/created.html",
        study=study_frame(door),
        created=created,
        card=CardForm(formdata=None, secret=new.secret, short_code=new.short_code),
        # A mini-program's web view saves nothing and prints nothing: a long press does there.
        saves_files=entry_kind() is not EntryKind.MINI_PROGRAM,
    )


def _form(door: StudyDoor) -> ShareForm:
    form = ShareForm()
    form.offer_series((one.series_id, shown.series_name(one)) for one in shown.ready_series(door))
    return form


def _form_page(door: StudyDoor, form: ShareForm) -> str:
    if not form.token.data:
        form.token.data = secrets.token_urlsafe(16)
    return render_template(
        "share/new.html",
        study=study_frame(door),
        form=form,
        sends_messages=messages.takes_messages(current_cloud()),
        has_report=reports.served_report(database_session(), door.study) is not None,
        suggested_password=suggestion.suggested_password(),
        password_alphabet=suggestion.ALPHABET,
    )


def _first_time(token: str) -> bool:
    """Whether this form is sent for the first time; counted in the transaction of the share."""
    key = f"{signed_in_identity().account_id} {token}"
    try:
        limits.take(current_cloud(), database_session(), ONE_A_FORM, key)
    except TooManyTries:
        return False
    return True


def _create(door: StudyDoor, form: ShareForm) -> NewShare:
    session = database_session()
    lifetime = form.chosen_lifetime()
    if lifetime is None:
        raise ShareTermsError("请填写有效期 / say how long the share lasts")
    return sharing.create(
        current_cloud(),
        session,
        account=session.get_one(Account, signed_in_identity().account_id),
        study=door.study,
        password=form.password.data or None,
        lifetime=lifetime,
        max_views=form.chosen_views(),
        scope=form.chosen_scope(),
        recipient=form.recipient.data or "",
        recipient_phone=form.recipient_phone.data or None,
        watermark=bool(form.watermark.data),
        show_identity=bool(form.show_identity.data),
        source=source_address(),
    )


def _created(new: NewShare, password: str) -> CreatedShare:
    share, base_url = new.share, current_cloud().settings.base_url.rstrip("/")
    link = base_url + new.path
    return CreatedShare(
        share_id=share.share_id,
        link=link,
        door=f"{base_url}/s/{share.share_id}",
        short_code=new.short_code,
        secret=new.secret,
        qr_address=data_address(qr_png(link), "image/png"),
        qr_svg_address=data_address(qr_svg(link), "image/svg+xml"),
        expires_at=share.expires_at,
        views=views_words(share.max_views),
        password=password,
        parts=part_words(share.scope),
        series_count=len(share.scope.get("series") or ()),
        recipient=share.recipient,
        show_identity=share.show_identity,
        watermark=share.watermark,
        asks_code=share.recipient_phone_sealed is not None,
    )
