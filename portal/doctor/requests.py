"""A doctor asks for a patient's history in other hospitals, waits, and reads it (A-35, H-05).

A person is found by his code or ID number only, never by name; the number is posted, so that it
stands in no address and no log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.auditing import note_denial
from portal.authorisations import words
from portal.authorisations.rows import AuthorisationRow, row, rows
from portal.context import current_cloud, database_session
from portal.decisions import signed_in
from portal.doctor.asking import ask
from portal.doctor.history import HistoryRow, history
from portal.doctor.request_forms import EmergencyForm, RequestForm
from portal.identity import signed_in_identity, source_address
from portal.limits import limited
from portal.next_url import safe_next
from server import authorisations, clock, people
from server.authorisations import (
    AuthorisationRefused,
    asking,
    assisting,
    shown_state,
    sms_code,
)
from server.authorisations.evidence import ASSERTED
from server.model import (
    Account,
    Authorisation,
    AuthorisationMethod,
    AuthorisationState,
    Role,
    Study,
)

blueprint = Blueprint("doctor_requests", __name__)

DOCTORS = (Role.DOCTOR,)
LIST = "/doctor/requests"
ASKING = "30 per minute"
UNPROCESSABLE = 422
NO_CONTENT = 204
STOP_POLLING = 286  # as htmx understands it
# A page left open asks so long; then the idle time of the session counts.
LONGEST_POLLING = timedelta(minutes=10)


@dataclass(frozen=True)
class RequestPage:
    """What templates/doctor/request.html is given; the state tells which part is shown."""

    row: AuthorisationRow
    waiting: bool
    warned: bool
    by_sms: bool
    code_sent: bool
    by_terminal: bool
    target: str
    studies: tuple[HistoryRow, ...]


@blueprint.get("")
@signed_in(roles=DOCTORS)
def overview() -> str:
    """Show the form, and what was asked for before."""
    return _overview(RequestForm())


@blueprint.post("")
@limited(ASKING)
@signed_in(roles=DOCTORS)
def create() -> ResponseReturnValue:
    """Ask by the chosen way; what is proved at once leads to the history."""
    form = RequestForm()
    if not form.validate():
        return _overview(form), UNPROCESSABLE
    try:
        made = ask(_account(), form)
    except AuthorisationRefused as refused:
        note_denial(f"authorisation {refused.reason.value}")
        flash(words.refusal_words(refused.reason), "error")
        return _overview(form), UNPROCESSABLE
    if made is None:
        note_denial("person unknown")
        flash(_("没有找到该患者的影像档案。请核对身份证号。"), "error")
        return _overview(form), UNPROCESSABLE
    return redirect(f"{LIST}/{made.authorisation_id}", 303)


@blueprint.get("/emergency")
@signed_in(roles=DOCTORS)
def emergency() -> str:
    """Show the form of emergency access, and what it entails."""
    return render_template("doctor/emergency.html", form=EmergencyForm())


@blueprint.post("/emergency")
@limited(ASKING)
@signed_in(roles=DOCTORS)
def open_in_emergency() -> ResponseReturnValue:
    """Open the history at once, for a short while; told and reviewed afterwards."""
    form = EmergencyForm()
    if not form.validate():
        return render_template("doctor/emergency.html", form=form), UNPROCESSABLE
    cloud, session = current_cloud(), database_session()
    person = people.find_by_id_number(cloud, session, form.id_number.data)
    if person is None:
        note_denial("person unknown")
        flash(_("没有找到该患者的影像档案。请核对身份证号。"), "error")
        return render_template("doctor/emergency.html", form=form), UNPROCESSABLE
    try:
        made = assisting.open_in_emergency(
            cloud,
            session,
            account=_account(),
            person=person,
            reason=form.reason.data,
            encounter=form.encounter.data or "",
            source=source_address(),
        )
    except AuthorisationRefused as refused:
        flash(words.refusal_words(refused.reason), "error")
        return render_template("doctor/emergency.html", form=form), UNPROCESSABLE
    return redirect(f"{LIST}/{made.authorisation_id}", 303)


@blueprint.get("/<authorisation_id>")
@signed_in(roles=DOCTORS)
def one(authorisation_id: str) -> ResponseReturnValue:
    """Show a request: waiting, then the warning, then the history; htmx asks while it waits."""
    page = _page(_own(authorisation_id))
    if "HX-Request" not in request.headers:
        return render_template("doctor/request.html", page=page)
    if page.waiting:
        long_ago = clock.now() - page.row.requested_at > LONGEST_POLLING
        return Response(status=STOP_POLLING if long_ago else NO_CONTENT)
    return Response(status=NO_CONTENT, headers={"HX-Refresh": "true"})


@blueprint.post("/<authorisation_id>/accept")
@signed_in(roles=DOCTORS)
def accept(authorisation_id: str) -> ResponseReturnValue:
    """Accept the warning (F-25); logged."""
    _own(authorisation_id)
    try:
        authorisations.accept_notice(
            database_session(),
            account=_account(),
            authorisation_id=authorisation_id,
            source=source_address(),
        )
    except AuthorisationRefused as refused:
        flash(words.refusal_words(refused.reason), "error")
    here = f"{LIST}/{authorisation_id}"
    return redirect(safe_next(request.form.get("next"), here), 303)


@blueprint.post("/<authorisation_id>/code")
@limited(ASKING)
@signed_in(roles=DOCTORS)
def code(authorisation_id: str) -> ResponseReturnValue:
    """Send the code to the patient's phone, or take the one he told."""
    _own(authorisation_id)
    cloud, session, account = current_cloud(), database_session(), _account()
    try:
        if request.form.get("what") == "send":
            sms_code.send(cloud, session, account=account, authorisation_id=authorisation_id)
            flash(_("授权码已发送到患者手机，5 分钟内有效。"), "success")
        else:
            sms_code.confirm(
                cloud,
                session,
                account=account,
                authorisation_id=authorisation_id,
                code=request.form.get("code", ""),
                source=source_address(),
            )
    except AuthorisationRefused as refused:
        note_denial(f"authorisation {refused.reason.value}")
        flash(words.refusal_words(refused.reason), "error")
    return redirect(f"{LIST}/{authorisation_id}", 303)


def _account() -> Account:
    return database_session().get_one(Account, signed_in_identity().account_id)


def _own(authorisation_id: str) -> Authorisation:
    try:
        return asking.of_doctor(database_session(), _account(), authorisation_id)
    except AuthorisationRefused as refused:
        raise NotFound from refused


def _overview(form: RequestForm) -> str:
    found = rows([*asking.requests_of_doctor(database_session(), _account().id)])
    needs_encounter = current_cloud().settings.authorisation_per_encounter
    return render_template(
        "doctor/requests.html",
        form=form,
        rows=found,
        live=AuthorisationState.APPROVED,
        waiting=AuthorisationState.REQUESTED,
        needs_encounter=needs_encounter,
    )


def _page(found: Authorisation) -> RequestPage:
    state = shown_state(found)
    approved = state is AuthorisationState.APPROVED
    warned = found.notice_accepted_at is not None
    study = database_session().get(Study, found.scope_value) if found.scope_value else None
    return RequestPage(
        row=row(found, study),
        waiting=state is AuthorisationState.REQUESTED,
        warned=warned,
        by_sms=found.method == AuthorisationMethod.SMS_CODE,
        code_sent=found.code_hash is not None,
        by_terminal=found.method in ASSERTED,
        target=safe_next(request.args.get("next"), ""),
        studies=history(_account(), found) if approved and warned else (),
    )
