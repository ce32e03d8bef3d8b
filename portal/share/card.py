"""A share on paper: QR code, short code and how to open it, on A4 or a card (A-20).

The page of a new share sends the secrets, which nobody else knows, in a form: so they stand in no
address. The password never goes on paper, the patient's name only when it is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from portal.context import current_cloud, database_session
from portal.decisions import signed_in
from portal.identity import signed_in_identity, source_address
from portal.share.forms import CardForm
from portal.share.qr import data_address, qr_svg
from portal.share.records import PATIENTS
from portal.share.rows import part_words, views_words
from server import audit, sharing
from server.model import Account, Share
from server.sharing import GivenKeys

blueprint = Blueprint("share_card", __name__)


@dataclass(frozen=True)
class Card:
    """What is printed."""

    size: str
    hospital: str
    label: str
    patient_name: str
    qr_address: str
    door: str
    short_code: str
    expires_at: datetime
    views: str
    parts: tuple[str, ...]
    has_password: bool
    asks_code: bool


@blueprint.post("/<share_id>/card")
@signed_in(roles=PATIENTS)
def card(share_id: str) -> ResponseReturnValue:
    """Show the card of a share, ready for the printer. Raises AccessDenied for wrong secrets."""
    form = CardForm()
    if not form.validate():
        raise BadRequest
    session = database_session()
    account = session.get_one(Account, signed_in_identity().account_id)
    given = GivenKeys(form.secret.data, form.short_code.data)
    share = sharing.given_again(current_cloud(), session, account, share_id, given=given)
    page = render_template("share/card.html", card=_card(share, form, given))
    audit.record_act(session, account.id, "share.card", "share", share_id, source=source_address())
    return page


def _card(share: Share, form: CardForm, given: GivenKeys) -> Card:
    door = f"{current_cloud().settings.base_url.rstrip('/')}/s/{share.share_id}"
    person = share.study.person
    name = (person.name if person else share.study.patient_name) if form.show_name.data else ""
    return Card(
        size=form.size.data,
        hospital=share.study.institution.name,
        label=share.recipient,
        patient_name=name,
        qr_address=data_address(qr_svg(f"{door}#{given.secret}"), "image/svg+xml"),
        door=door,
        short_code=given.short_code,
        expires_at=share.expires_at,
        views=views_words(share.max_views),
        parts=part_words(share.scope),
        has_password=share.password_hash is not None,
        asks_code=share.recipient_phone_sealed is not None,
    )
