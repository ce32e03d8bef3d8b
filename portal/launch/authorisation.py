"""In a hospital's frame: the launched patient authorises what other hospitals made (H-03, A-35).

Patient, physician and visit are the launch's, so nothing is typed but the patient's code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from portal.auditing import note_denial
from portal.authorisations import words
from portal.authorisations.rows import AuthorisationRow, row
from portal.context import current_cloud, database_session
from portal.identity import source_address
from portal.launch.launched import current_launch, launched, launched_base
from portal.limits import limited
from server import authorisations, clock
from server.authorisations import AuthorisationRefused, asking, patient_code, shown_state
from server.model import (
    Account,
    Authorisation,
    AuthorisationMethod,
    AuthorisationState,
    CarePurpose,
    Launch,
    Person,
)

blueprint = Blueprint("launch_authorisation", __name__)

ADDRESS = "/launched/<launch_id>/authorisation"
ASKING = "30 per minute"
NO_CONTENT = 204
STOP_POLLING = 286  # as htmx understands it
# A page left open asks so long; then the idle time of the session counts.
LONGEST_POLLING = timedelta(minutes=10)


@dataclass(frozen=True)
class LaunchedAuthorisation:
    """What templates/launch/authorisation.html is given."""

    action: str
    list_url: str
    known: bool
    waiting: AuthorisationRow | None
    warning: AuthorisationRow | None
    live: AuthorisationRow | None


@blueprint.get(ADDRESS)
@launched
def page(launch_id: str) -> ResponseReturnValue:
    """Show the form, what waits, the warning, or that it is open; htmx asks while it waits."""
    shown = _page(launch_id)
    if "HX-Request" not in request.headers:
        return render_template("launch/authorisation.html", page=shown)
    if shown.waiting is None:
        return Response(status=NO_CONTENT, headers={"HX-Refresh": "true"})
    long_ago = clock.now() - shown.waiting.requested_at > LONGEST_POLLING
    return Response(status=STOP_POLLING if long_ago else NO_CONTENT)


@blueprint.post(ADDRESS)
@limited(ASKING)
@launched
def act(launch_id: str) -> ResponseReturnValue:
    """Ask on the patient's phone, take his code, or accept the warning."""
    try:
        _act(request.form.get("what", ""))
    except AuthorisationRefused as refused:
        note_denial(f"authorisation {refused.reason.value}")
        flash(words.refusal_words(refused.reason), "error")
    if request.form.get("what") == "accept":
        return redirect(f"{launched_base(launch_id)}/studies", 303)
    return redirect(f"{launched_base(launch_id)}/authorisation", 303)


def _act(what: str) -> None:
    cloud, session, launch = current_cloud(), database_session(), current_launch()
    account = session.get_one(Account, launch.account_id)
    if launch.person_id is None:
        raise BadRequest
    if what == "code":
        patient_code.redeem(
            cloud,
            session,
            account=account,
            code=request.form.get("code", ""),
            person_id=launch.person_id,
            purpose=CarePurpose(launch.visit_type),
            encounter=launch.encounter,
            source=source_address(),
        )
    elif what == "phone":
        authorisations.request(
            cloud,
            session,
            account=account,
            person=session.get_one(Person, launch.person_id),
            purpose=CarePurpose(launch.visit_type),
            encounter=launch.encounter,
            source=source_address(),
        )
    elif what == "accept":
        for one in _live(launch):
            authorisations.accept_notice(
                session,
                account=account,
                authorisation_id=one.authorisation_id,
                source=source_address(),
            )
    else:
        raise BadRequest


def _page(launch_id: str) -> LaunchedAuthorisation:
    launch = current_launch()
    live = _live(launch)
    waiting = _waiting(launch)
    open_ones = [one for one in live if one.notice_accepted_at is not None]
    return LaunchedAuthorisation(
        action=f"{launched_base(launch_id)}/authorisation",
        list_url=f"{launched_base(launch_id)}/studies",
        known=launch.person_id is not None,
        waiting=row(waiting) if waiting is not None and not live else None,
        warning=row(live[0]) if live and not open_ones else None,
        live=row(open_ones[0]) if open_ones else None,
    )


def _live(launch: Launch) -> list[Authorisation]:
    if launch.person_id is None:
        return []
    found = authorisations.live_for(
        database_session(), launch.account_id, launch.person_id, launch.encounter or None
    )
    return [one for one in found if one.institution_id == launch.institution_id]


def _waiting(launch: Launch) -> Authorisation | None:
    for one in asking.requests_of_doctor(database_session(), launch.account_id):
        same = one.person_id == launch.person_id and one.encounter == launch.encounter
        on_phone = one.method == AuthorisationMethod.APP_CONFIRMATION
        if same and on_phone and shown_state(one) is AuthorisationState.REQUESTED:
            return one
    return None
