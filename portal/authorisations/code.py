"""“My code” (我的授权码): a one-time code to show a doctor, as QR and as digits (E-32)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from portal.context import current_cloud, database_session
from portal.decisions import signed_in
from portal.identity import signed_in_identity, source_address
from portal.limits import limited
from portal.share.qr import data_address, qr_png
from server import people
from server.authorisations import AuthorisationRefused, patient_code
from server.authorisations.patient_code import ShownCode
from server.model import Account, Person, Role

blueprint = Blueprint("authorisation_code", __name__)

PATIENTS = (Role.PATIENT,)
CODES = "20 per minute"


@dataclass(frozen=True)
class CodePage:
    """What templates/authorisations/code.html is given; `code` once it is made."""

    persons: tuple[tuple[int, str], ...]
    person_id: int
    person_name: str
    code: ShownCode | None
    qr_address: str


@blueprint.get("")
@signed_in(roles=PATIENTS)
def ask() -> str:
    """Explain the code, and offer to make one."""
    return render_template("authorisations/code.html", page=_page(None))


@blueprint.post("")
@limited(CODES)
@signed_in(roles=PATIENTS)
def show() -> ResponseReturnValue:
    """Make a code and show it this once; it ends the one before."""
    person_id = request.form.get("person", type=int)
    account = _account()
    try:
        made = patient_code.new_code(
            current_cloud(),
            database_session(),
            account=account,
            person_id=person_id if person_id is not None else account.person_id or 0,
            source=source_address(),
        )
    except AuthorisationRefused as refused:
        raise NotFound from refused
    return render_template("authorisations/code.html", page=_page(made))


def _account() -> Account:
    return database_session().get_one(Account, signed_in_identity().account_id)


def _page(made: ShownCode | None) -> CodePage:
    session, account = database_session(), _account()
    visible = sorted(
        people.visible_persons(session, account.person_id),
        key=lambda one: (one != account.person_id, one),
    )
    persons = tuple((one, session.get_one(Person, one).name) for one in visible)
    chosen = request.form.get("person", type=int) or (persons[0][0] if persons else 0)
    return CodePage(
        persons=persons,
        person_id=chosen,
        person_name=dict(persons).get(chosen, ""),
        code=made,
        qr_address=data_address(qr_png(made.digits)) if made is not None else "",
    )
