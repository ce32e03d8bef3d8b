"""The institution looks at what its doctors opened without the patient's own answer."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest, NotFound

from portal.authorisations import words
from portal.authorisations.rows import rows
from portal.context import current_cloud, database_session
from portal.decisions import signed_in
from portal.identity import signed_in_identity, source_address
from server.authorisations import AuthorisationRefused, Refusal, reviewing, written
from server.model import Account, ReviewState, Role

blueprint = Blueprint("authorisation_reviews", __name__)

ADMINISTRATORS = (Role.INSTITUTION_ADMINISTRATOR,)
LIST = "/reviews"


@blueprint.get("")
@signed_in(roles=ADMINISTRATORS)
def page() -> str:
    """Show what is to be reviewed first, then what was."""
    account = _account()
    try:
        found = rows([*reviewing.to_review(database_session(), account)])
    except AuthorisationRefused:
        found = []
    waiting = [one for one in found if one.review_open]
    done = [one for one in found if not one.review_open]
    return render_template("authorisations/reviews.html", waiting=waiting, done=done)


@blueprint.post("/<authorisation_id>")
@signed_in(roles=ADMINISTRATORS)
def review(authorisation_id: str) -> ResponseReturnValue:
    """Accept, or complain with a note, which ends what still holds."""
    verdict = request.form.get("verdict", "")
    if verdict not in {ReviewState.ACCEPTED, ReviewState.COMPLAINED}:
        raise BadRequest
    try:
        reviewing.review(
            database_session(),
            account=_account(),
            authorisation_id=authorisation_id,
            verdict=ReviewState(verdict),
            note=request.form.get("note", ""),
            source=source_address(),
        )
        flash(_("已记录复核结果。"), "success")
    except AuthorisationRefused as refused:
        if refused.reason is Refusal.NOT_YOURS:
            raise NotFound from refused
        flash(words.refusal_words(refused.reason), "error")
    return redirect(LIST, 303)


@blueprint.get("/<authorisation_id>/document")
@signed_in(roles=ADMINISTRATORS)
def document(authorisation_id: str) -> ResponseReturnValue:
    """Send the scan of a written authorisation, as a file to save."""
    try:
        found = written.document(
            current_cloud(),
            database_session(),
            account=_account(),
            authorisation_id=authorisation_id,
            source=source_address(),
        )
    except AuthorisationRefused as refused:
        raise NotFound from refused
    headers = {"Content-Disposition": f'attachment; filename="authorisation{found.suffix}"'}
    return Response(found.data, content_type=found.media_type, headers=headers)


def _account() -> Account:
    return database_session().get_one(Account, signed_in_identity().account_id)
