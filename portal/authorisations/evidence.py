"""The call-back of signature services, face terminals and apps: a signed assertion (E-32)."""

from __future__ import annotations

import structlog
from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import ServiceUnavailable

from portal.auditing import note_denial
from portal.context import current_cloud, database_session
from portal.decisions import public_data
from portal.identity import source_address
from portal.limits import limited
from server.authorisations import AuthorisationRefused, Refusal
from server.authorisations.verifiers import VerifiersFileError, approve_by_assertion

blueprint = Blueprint("authorisation_evidence", __name__)
log = structlog.get_logger("portal")

ASSERTIONS = "60 per minute"
LONGEST_ASSERTION = 8192
_STATUS = {Refusal.SIGNATURE: 401, Refusal.ENDED: 409}
FORBIDDEN = 403


@blueprint.post("")
@limited(ASSERTIONS)
@public_data
def receive() -> ResponseReturnValue:
    """Take an assertion (the body is the JWT itself, application/jwt); its signature decides."""
    assertion = request.get_data(cache=False, as_text=True)[:LONGEST_ASSERTION].strip()
    try:
        found = approve_by_assertion(
            current_cloud(), database_session(), assertion, source=source_address()
        )
    except AuthorisationRefused as refused:
        note_denial(f"assertion {refused.reason.value}")
        return _refused(refused.reason)
    except VerifiersFileError as error:
        log.error("verifiers_file_unusable", fault=str(error))
        raise ServiceUnavailable from error
    return jsonify({"authorisation_id": found.authorisation_id, "state": str(found.state)})


def _refused(reason: Refusal) -> Response:
    status = _STATUS.get(reason, FORBIDDEN)
    response = jsonify(
        {"type": f"urn:yingyun:{reason.value}", "title": reason.value, "status": status}
    )
    response.status_code = status
    response.content_type = "application/problem+json"
    return response
