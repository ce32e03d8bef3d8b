"""One key copies findings and opinion, with the id of the citation (一键复制, H-07)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden, NotFound

from portal.context import database_session
from portal.decisions import answers_data, study_action
from portal.doors import StudyDoor
from portal.identity import signed_in_identity, source_address
from portal.limits import limited
from server import citations, staff
from server.access import Action
from server.citations import Citing, NothingToCiteError
from server.model import Launch

blueprint = Blueprint("citing", __name__)

CITATIONS = "30 per minute"


@dataclass(frozen=True)
class CitedView:
    """What templates/doctor/cited.html is given."""

    citation_id: str
    text: str
    back: str


@blueprint.post("/citations")
@limited(CITATIONS)
@study_action(Action.VIEW_REPORT)
def cite(door: StudyDoor) -> ResponseReturnValue:
    """Record a citation and give out its text: as JSON for the page's script, else as a page."""
    try:
        cited = citations.cite(
            database_session(), door.study, _citing(door), source=source_address()
        )
    except NothingToCiteError as error:
        raise NotFound from error
    citation_id = cited.citation.citation_id
    if answers_data():
        return jsonify({"citation_id": citation_id, "text": cited.text})
    view = CitedView(citation_id, cited.text, door.url("report"))
    return render_template("doctor/cited.html", page=view)


def _citing(door: StudyDoor) -> Citing:
    """Return who cites. Raises Forbidden for whoever reads for no institution."""
    session, identity = database_session(), signed_in_identity()
    institution_id = staff.reads_for(session, identity.account_id)
    if institution_id is None:
        raise Forbidden
    launch_id = door.grant.launch_id
    launch = session.get(Launch, launch_id) if launch_id is not None else None
    return Citing(
        account_id=identity.account_id,
        institution_id=institution_id,
        physician_code=identity.login,
        physician_name=identity.name,
        encounter=launch.encounter if launch is not None else "",
        launch_id=launch_id,
    )
