"""From the ticket to the patient's list: redeeming, the second factor, the list, the end."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

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
from portal.launch.forms import carries_proof
from portal.launch.framing import launch_ticket
from portal.launch.launched import current_launch, launched, launched_base
from portal.limits import limited
from portal.sessions import clear_launch, launch_token, launch_tokens, set_launch
from server import access, launches, preferences, work_list
from server.accounts import SignInExpired, SignInRefused
from server.imaging.opening import opening_series_of
from server.launches import Opens, Presented, Redeemed, TicketError, TicketFault
from server.model import Account, Launch, Person, Study
from server.preferences import PreferenceError
from server.terms import sex_label
from server.timeline import PageMarkError
from server.work_list import WorkListFilter

blueprint = Blueprint("launch", __name__)

ENTRIES = "240 per minute"
UNPROCESSABLE = 422
TOO_MANY = 429
GONE = 410
FRAMES = frozenset({"iframe", "frame"})


@blueprint.get("/launch/<ticket>")
@blueprint.get("/launch", defaults={"ticket": ""})
@limited(ENTRIES)
@public
def enter(ticket: str) -> ResponseReturnValue:
    """Redeem a ticket and go on to an address without it (E-43).

    `/launch?iss=…&launch=…` is the same with the parameters of SMART App Launch: `launch` is the
    ticket, `iss` must be the page's origin.
    """
    issuer = None if ticket else _origin_of(request.args.get("iss", ""))
    try:
        redeemed = _redeem(
            launch_ticket() or "", Presented(_in_frame(), issuer or _origin_of(request.referrer))
        )
    except TicketError as error:
        return _refused(error.fault)
    response = redirect(launched_base(redeemed.launch.launch_id), 303)
    _keep(response, redeemed)
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
        redeemed = _redeem(asked["ticket"], Presented(None, _origin_of(str(asked.get("origin")))))
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
    try:
        found = work_list.work_list(session, grant, WorkListFilter(), page=request.args.get("page"))
    except PageMarkError as error:
        raise BadRequest from error
    series = opening_series_of(session, [one.study_id for one in found.entries])
    base = f"{launched_base(launch_id)}/studies"
    page = render_template(
        "launch/studies.html",
        patient=_patient(launch),
        patient_id=launch.patient_id,
        rows=tuple(row(one, series.get(one.study_id), base) for one in found.entries),
        more_url=f"{base}?page={found.next_page}" if found.next_page else "",
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
        return _refused(TicketFault.EXPIRED)
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
        render_template("launch/closed.html", title=_("调阅已结束"), advice=_back_to_his())
    )
    clear_launch(response, current_cloud().settings, launch_id)
    return response


def _back_to_his() -> str:
    return str(_("请回到医院系统，需要时重新打开影像。"))


def _redeem(ticket: str, presented: Presented) -> Redeemed:
    cloud = current_cloud()
    return launches.redeem(
        cloud,
        ticket,
        presented,
        source=source_address(),
        previous_tokens=launch_tokens(cloud.settings, request).values(),
    )


def _keep(response: Response, redeemed: Redeemed) -> None:
    """Set the launch's cookie; those of ended launches go."""
    settings = current_cloud().settings
    for launch_id in launch_tokens(settings, request):
        with current_cloud().database.session() as session:
            earlier = session.get(Launch, launch_id)
            if earlier is None or earlier.ended_at is not None:
                clear_launch(response, settings, launch_id)
    set_launch(response, settings, redeemed.launch.launch_id, redeemed.token)


def _in_frame() -> bool | None:
    """Whether the browser loads this into a frame; None where it does not say."""
    said = request.headers.get("Sec-Fetch-Dest")
    return None if said is None else said in FRAMES


def _origin_of(address: str | None) -> str | None:
    """Return the origin of an address, None for none and for what is no address."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else None


def _refused(fault: TicketFault) -> ResponseReturnValue:
    words = {
        TicketFault.USED: _("这次调阅的入口已经用过"),
        TicketFault.EXPIRED: _("这次调阅的入口已过期"),
        TicketFault.ORIGIN: _("这次调阅不是从登记的医院系统打开的"),
    }
    title = words.get(fault, _("无法打开这次调阅"))
    return render_template("launch/closed.html", title=title, advice=_back_to_his()), GONE


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
