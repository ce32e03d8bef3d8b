"""The address of IHE Invoke Image Display (RAD-106), with a launch's ticket as its proof.

A bare address would show anybody any patient's images: the parameters choose what the launch that
the ticket was made for begins with, and never whom it shows.
"""

from __future__ import annotations

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from werkzeug.exceptions import BadRequest

from portal.api.image_display import InvokeImageDisplay, begins_of
from portal.context import database_session
from portal.decisions import public
from portal.identity import source_address
from portal.launch.entering import keep, presented_by_browser, redeem, refused
from portal.launch.framing import launch_ticket
from portal.launch.launched import launched_base
from portal.limits import limited
from server import launches
from server.launches import LaunchRefusedError, TicketError, TicketFault
from server.model import Launch

blueprint = Blueprint("launch_image_display", __name__)

ADDRESS = "/IHEInvokeImageDisplay"
ENTRIES = "240 per minute"


@blueprint.get(ADDRESS)
@limited(ENTRIES)
@public
def invoke() -> ResponseReturnValue:
    """Redeem the ticket, and begin with what the parameters name of the launch's patient."""
    try:
        display = InvokeImageDisplay.model_validate(request.args.to_dict())
    except ValidationError as error:
        raise BadRequest from error
    try:
        redeemed = redeem(launch_ticket() or "", presented_by_browser())
    except TicketError as error:
        return refused(error.fault)
    session = database_session()
    launch = session.get_one(Launch, redeemed.launch.launch_id)
    try:
        launches.begin_with(session, launch, begins_of(display, launch.patient_id))
    except LaunchRefusedError:
        launches.end(session, launch, source=source_address())
        session.commit()
        return refused(TicketFault.STUDY)
    response = redirect(launched_base(launch.launch_id), 303)
    keep(response, redeemed)
    return response
