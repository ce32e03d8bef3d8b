"""From the ticket to the patient's list: redeeming, the second factor, the list, the end."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import format_time
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.exceptions import BadRequest, Gone, NotFound

from portal.auditing import note_list
from portal.auth.forms import CodeForm
from portal.context import current_cloud, database_session
from portal.decisions import public, public_data
from portal.doctor.rows import row
from portal.identity import source_address
from portal.launch.authenticator import may_bind
from portal.launch.entering import (
    back_to_his,
    keep,
    origin_of,
    presented_by_browser,
    redeem,
    refused,
)
from portal.launch.forms import carries_proof
from portal.launch.framing import launch_ticket
from portal.launch.launched import current_launch, launched, launched_base
from portal.limits import limited
from portal.sessions import clear_launch, launch_token
from server import access, launches, preferences, work_list
from server.accounts import SignInExpired, SignInRefused
from server.imaging.opening import opening_series_of
from server.launches import Opens, Presented, TicketError, TicketFault
from server.model import Account, Institution, Launch, Person, Study
from server.preferences import PreferenceError
from server.reminders import history_begins
from server.terms import sex_label
from server.timeline import PageMarkError
from server.work_list import WorkListFilter

blueprint = Blueprint("launch", __name__)

ENTRIES = "240 per minute"
UNPROCESSABLE = 422
TOO_MANY = 429


@blueprint.get("/launch/<ticket>")
@blueprint.get("/launch", defaults={"ticket": ""})
@limited(ENTRIES)
@public
def enter(ticket: str) -> ResponseReturnValue:
    """Redeem a ticket and go on to an address without it (E-43).

    `/launch?iss=…&launch=…` is the same with the parameters of SMART App Launch: `launch` is the
    ticket, `iss` must be the page's origin.
    """
    issuer = None if ticket else origin_of(request.args.get("iss", ""))
    try:
        redeemed = redeem(launch_ticket() or "", presented_by_browser(issuer))
    except TicketError as error:
        return refused(error.fault)
    response = redirect(launched_base(redeemed.launch.launch_id), 303)
    keep(response, redeemed)
    return response


@blueprint.post("/launch/session")
@limited(ENTRIES)
@carries_proof
@public_data
def enter_without_cookies() -> Response:
    """Redeem a ticket for a page whose browser refuses cookies: it holds the token itself.

    The page got the ticket from the page around it, whose origin it checked.
    """
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict) or not isinstance(asked.get("ticket"), str):
        raise BadRequest
    try:
        redeemed = redeem(asked["ticket"], Presented(None, origin_of(str(asked.get("origin")))))
    except TicketError as error:
        raise Gone from error
    launch_id = redeemed.launch.launch_id
    return jsonify(
        {"launch_id": launch_id, "token": redeemed.token, "url": launched_base(launch_id)}
    )


@blueprint.get("/launched/<launch_id>")
@launched
def start(launch_id: str) -> ResponseReturnValue:
    """Lead to what the hospital's system asked for: a study, a reminder, or the list."""
    launch, session = current_launch(), database_session()
    if launch.opens == Opens.REMINDER:
        return redirect(f"{launched_base(launch_id)}/reminders", 303)
    study = session.get(Study, launch.study_id) if launch.study_id else None
    if study is None or launch.opens == Opens.LIST:
        return redirect(f"{launched_base(launch_id)}/studies", 303)
    return redirect(f"{launched_base(launch_id)}/studies/{study.study_id}/{launch.opens}", 303)


@blueprint.get("/launched/<launch_id>/studies")
@launched
def studies(launch_id: str) -> str:
    """List the patient's studies, newest first."""
    cloud, session, launch = current_cloud(), database_session(), current_launch()
    account = session.get_one(Account, launch.account_id)
    grant = access.doctor_grant(
        cloud, session, account, launch_id=launch_id, source=source_address()
    )
    wanted, length = _wanted(launch)
    try:
        found = work_list.work_list(
            session, grant, wanted, page=request.args.get("page"), length=length
        )
    except PageMarkError as error:
        raise BadRequest from error
    series = opening_series_of(session, [one.study_id for one in found.entries])
    base = f"{launched_base(launch_id)}/studies"
    page = render_template(
        "launch/studies.html",
        patient=_patient(launch),
        patient_id=launch.patient_id,
        own_institution=session.get_one(Institution, launch.institution_id).name,
        rows=tuple(row(one, series.get(one.study_id), base) for one in found.entries),
        more_url=f"{base}?page={found.next_page}" if found.next_page else "",
        narrowed=bool(launch.list_filter) and "all" not in request.args,
        all_url=f"{base}?all=1",
        bind_url=f"{launched_base(launch_id)}/authenticator" if may_bind(launch, account) else "",
        end_url=f"{launched_base(launch_id)}/end",
    )
    note_list("launch.list", rows=len(found.entries))
    return page


@blueprint.get("/launched/<launch_id>/studies/<study_id>")
@launched
def study(launch_id: str, study_id: str) -> ResponseReturnValue:
    """Lead to the reading page of a study, which decides who may see it."""
    return redirect(f"{launched_base(launch_id)}/studies/{study_id}/dicom", 303)


@blueprint.get("/launched/<launch_id>/open")
@launched(data=True)
def open_study(launch_id: str) -> Response:
    """Say where one of the patient's studies is, for the page around the frame.

    `studyUID` as in IHE Invoke Image Display; the study decides itself who may see it.
    """
    page = request.args.get("page", Opens.DICOM)
    wanted = select(Study.study_id).where(
        Study.study_uid == request.args.get("studyUID", ""),
        launches.shown_studies(current_launch()),
    )
    study_id = database_session().scalar(wanted)
    if study_id is None or page not in {Opens.DICOM, Opens.IMAGES, Opens.REPORT}:
        raise NotFound
    return jsonify({"url": f"{launched_base(launch_id)}/studies/{study_id}/{page}"})


@blueprint.get("/launched/<launch_id>/code")
@launched(confirmed=False)
def code_page(launch_id: str) -> ResponseReturnValue:
    """Ask a physician outside the institution's network for his second factor (C-46)."""
    if not launches.needs_code(current_launch()):
        return redirect(launched_base(launch_id), 303)
    return _code_form(CodeForm())


@blueprint.post("/launched/<launch_id>/code")
@limited(ENTRIES)
@launched(confirmed=False)
def check_code(launch_id: str) -> ResponseReturnValue:
    """Take the second factor."""
    form, cloud, session = CodeForm(), current_cloud(), database_session()
    if not form.validate():
        return _code_form(form), UNPROCESSABLE
    token = launch_token(cloud.settings, request, launch_id) or ""
    launch = session.get_one(Launch, launch_id)
    try:
        launches.confirm(
            cloud,
            session,
            launch,
            token=token,
            code=form.code.data or "",
            source=source_address(),
        )
    except SignInExpired:
        return refused(TicketFault.EXPIRED)
    except SignInRefused as refused:
        form.code.errors = [_refusal(refused)]
        return _code_form(form), TOO_MANY if refused.retry_at else UNPROCESSABLE
    return redirect(launched_base(launch_id), 303)


@blueprint.put("/launched/<launch_id>/preferences")
@launched(data=True)
def keep_preferences(launch_id: str) -> Response:  # noqa: ARG001 - the decision reads it
    """Keep how the physician is used to working (C-28)."""
    values = request.get_json()
    if not isinstance(values, dict):
        raise BadRequest
    try:
        preferences.keep(database_session(), current_launch().account_id, values)
    except PreferenceError as error:
        raise BadRequest from error
    return Response(status=204)


@blueprint.post("/launched/<launch_id>/end")
@launched(confirmed=False)
def leave(launch_id: str) -> ResponseReturnValue:
    """End the launch, on the server and in the browser."""
    session = database_session()
    launches.end(session, session.get_one(Launch, launch_id), source=source_address())
    response = current_app.make_response(
        render_template("launch/closed.html", title=_("调阅已结束"), advice=back_to_his())
    )
    clear_launch(response, current_cloud().settings, launch_id)
    return response


def _wanted(launch: Launch) -> tuple[WorkListFilter, int]:
    """Return what the list shows, and how many at once: what was asked for, or all."""
    since = history_begins(current_cloud().settings)
    begins = since.date() if since is not None else None
    if "all" in request.args or not launch.list_filter:
        return WorkListFilter(since=begins), work_list.PAGE_LENGTH
    asked = launch.list_filter
    days = [date.fromisoformat(asked[one]) if one in asked else None for one in ("since", "until")]
    lower = max((one for one in (days[0], begins) if one is not None), default=None)
    modalities = frozenset(asked.get("modalities", "").split(",")) - {""}
    return (
        WorkListFilter(modalities=modalities, since=lower, until=days[1]),
        int(asked.get("most", work_list.PAGE_LENGTH)),
    )


def _patient(launch: Launch) -> dict[str, str]:
    session = database_session()
    person = session.get(Person, launch.person_id) if launch.person_id is not None else None
    if person is None:
        return {"name": "", "sex": "", "birth_date": ""}
    return {
        "name": person.name,
        "sex": sex_label(person.sex or ""),
        "birth_date": person.birth_date.isoformat() if person.birth_date else "",
    }


def _code_form(form: CodeForm) -> str:
    launch = current_launch()
    account = database_session().get_one(Account, launch.account_id)
    return render_template(
        "launch/code.html",
        form=form,
        action=f"{launched_base(launch.launch_id)}/code",
        can_totp=account.totp_secret_sealed is not None,
    )


def _refusal(refused: SignInRefused) -> str:
    if refused.retry_at is None:
        return str(_("验证码不正确，请核对后重试。"))
    when: datetime = refused.retry_at + timedelta(minutes=1)
    return str(_("尝试次数过多，请于 %(time)s 后再试。", time=format_time(when, "HH:mm")))
