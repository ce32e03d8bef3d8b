"""Keeping how someone is used to working with the viewer, for his account (C-28)."""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from portal.context import database_session
from portal.decisions import signed_in
from portal.identity import signed_in_identity
from server import preferences
from server.preferences import PreferenceError

blueprint = Blueprint("preferences", __name__)


@blueprint.put("/account/preferences")
@signed_in(data=True)
def keep() -> Response:
    """Keep the values of a JSON object {name: value} for the account that is signed in."""
    values = request.get_json()
    if not isinstance(values, dict):
        raise BadRequest
    try:
        preferences.keep(database_session(), signed_in_identity().account_id, values)
    except PreferenceError as error:
        raise BadRequest from error
    return Response(status=204)
