"""“My authorisations” (我的授权): what waits for an answer, what holds, what was; A-35, A-47."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, flash, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from jinja2_fragments.flask import render_block
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import BadRequest, NotFound

from portal.authorisations import words
from portal.authorisations.rows import AuthorisationRow, row, rows
from portal.context import database_session
from portal.decisions import signed_in
from portal.identity import current_identity, signed_in_identity, source_address
from server import authorisations
from server.authorisations import AuthorisationRefused, Scope, asking, caching
from server.model import (
    Account,
    Authorisation,
    AuthorisationState,
    CachingConsent,
    Role,
    ScopeKind,
    Study,
)
from server.terms import body_part_label

blueprint = Blueprint("authorisations", __name__)

PATIENTS = (Role.PATIENT,)
LIST = "/authorisations"
MOST_CHOICES = 50
# A page left open asks for new requests for five minutes; then the idle time of the session counts.
MOST_POLLS = 60


@dataclass(frozen=True)
class AuthorisationsPage:
    """What templates/authorisations/list.html is given."""

    waiting: list[AuthorisationRow]
    live: list[AuthorisationRow]
    past: list[AuthorisationRow]
    caching: list[CachingConsent]
    next_poll: str


@dataclass(frozen=True)
class DetailPage:
    """What templates/authorisations/detail.html is given."""

    row: AuthorisationRow
    lifetimes: tuple[tuple[str, str], ...]
    scopes: tuple[tuple[str, str], ...]
    chosen_scope: str


def pending() -> int:
    """Return how many requests wait for whoever is signed in, for the header; asked once a page.

    Pages that tell of a failing database have a header too, so it is nought where nobody can tell.
    """
    identity = current_identity()
    if identity is None or identity.role is not Role.PATIENT or identity.needs_consent:
        return 0
    if "pending_authorisations" not in g:
        g.pending_authorisations = 0
        with contextlib.suppress(SQLAlchemyError):
            g.pending_authorisations = asking.pending_count(database_session(), identity.account_id)
    return int(g.pending_authorisations)


@blueprint.get("")
@signed_in(roles=PATIENTS)
def overview() -> str:
    """Show what waits first, then what holds, then the rest; htmx asks for what waits."""
    page = _page()
    if "HX-Request" in request.headers:
        return str(render_block("authorisations/list.html", "waiting", page=page))
    return render_template("authorisations/list.html", page=page)


@blueprint.get("/<authorisation_id>")
@signed_in(roles=PATIENTS)
def detail(authorisation_id: str) -> str:
    """Show one, with the form to answer or the button to withdraw."""
    found = _own(authorisation_id)
    return render_template("authorisations/detail.html", page=_detail(found))


@blueprint.post("/<authorisation_id>/approve")
@signed_in(roles=PATIENTS)
def approve(authorisation_id: str) -> ResponseReturnValue:
    """Approve a request, for the period and as much as chosen."""
    found = _own(authorisation_id)
    return _done(
        lambda: authorisations.approve(
            database_session(),
            account=_account(),
            authorisation_id=authorisation_id,
            lifetime=_lifetime(),
            scope=_scope(found),
            source=source_address(),
        ),
        _("已授权。对方只能在有效期内查看，您可以随时撤回。"),
    )


@blueprint.post("/<authorisation_id>/refuse")
@signed_in(roles=PATIENTS)
def refuse(authorisation_id: str) -> ResponseReturnValue:
    """Refuse a request."""
    _own(authorisation_id)
    return _done(
        lambda: authorisations.refuse(
            database_session(),
            account=_account(),
            authorisation_id=authorisation_id,
            source=source_address(),
        ),
        _("已拒绝，对方不能查看您的影像。"),
    )


@blueprint.post("/<authorisation_id>/withdraw")
@signed_in(roles=PATIENTS)
def withdraw(authorisation_id: str) -> ResponseReturnValue:
    """Withdraw an authorisation; it bites at the next object."""
    _own(authorisation_id)
    return _done(
        lambda: authorisations.withdraw(
            database_session(),
            account=_account(),
            authorisation_id=authorisation_id,
            source=source_address(),
        ),
        _("已撤回，对方立即不能再查看。"),
    )


@blueprint.post("/caching/<consent_id>/withdraw")
@signed_in(roles=PATIENTS)
def withdraw_caching(consent_id: str) -> ResponseReturnValue:
    """Withdraw the consent to caching that was given at a registration (A-47)."""
    try:
        caching.withdraw_caching_consent(
            database_session(),
            account=_account(),
            consent_id=consent_id,
            source=source_address(),
        )
        flash(_("已撤回缓存同意，该医院不会再预先取得您的历史影像。"), "success")
    except AuthorisationRefused as refused:
        if refused.reason is authorisations.Refusal.NOT_YOURS:
            raise NotFound from refused
        flash(words.refusal_words(refused.reason), "error")
    return redirect(LIST, 303)


def _done(answer: Callable[[], object], words_of_success: str) -> ResponseReturnValue:
    """Give an answer to a request, say what came of it, and lead back to the list."""
    try:
        answer()
        flash(words_of_success, "success")
    except AuthorisationRefused as refused:
        flash(words.refusal_words(refused.reason), "error")
    return redirect(LIST, 303)


def _account() -> Account:
    return database_session().get_one(Account, signed_in_identity().account_id)


def _own(authorisation_id: str) -> Authorisation:
    try:
        return asking.of_patient(database_session(), _account(), authorisation_id)
    except AuthorisationRefused as refused:
        raise NotFound from refused


def _page() -> AuthorisationsPage:
    session, account = database_session(), _account()
    found = rows([*asking.authorisations_of_patient(session, account)])
    ended = {
        AuthorisationState.REFUSED,
        AuthorisationState.WITHDRAWN,
        AuthorisationState.EXPIRED,
    }
    return AuthorisationsPage(
        waiting=[one for one in found if one.state is AuthorisationState.REQUESTED],
        live=[one for one in found if one.state is AuthorisationState.APPROVED],
        past=[one for one in found if one.state in ended],
        caching=[*caching.caching_consents_of(session, account)],
        next_poll=_next_poll(),
    )


def _next_poll() -> str:
    """Return the address that the page asks next, counting; "" when it has asked long enough."""
    polls = request.args.get("polls", 0, type=int) + 1
    return f"{LIST}?polls={polls}" if 0 < polls <= MOST_POLLS else ""


def _detail(found: Authorisation) -> DetailPage:
    chosen = f"{found.scope_kind}:{found.scope_value}"
    study = database_session().get(Study, found.scope_value) if found.scope_value else None
    scopes = _scopes(found)
    return DetailPage(row(found, study), words.lifetime_choices(), scopes, chosen)


def _scopes(found: Authorisation) -> tuple[tuple[str, str], ...]:
    """Return (value, words) of what the patient may open: what was asked for, or less."""
    studies = (
        database_session()
        .scalars(
            select(Study)
            .where(Study.person_id == found.person_id, Study.institution_id != found.institution_id)
            .options(joinedload(Study.institution))
            .order_by(Study.study_datetime.desc(), Study.study_id)
            .limit(MOST_CHOICES)
        )
        .all()
    )
    asked = ScopeKind(found.scope_kind)
    first: tuple[tuple[str, str], ...]
    if asked is ScopeKind.STUDY:
        return ((f"{asked}:{found.scope_value}", words.scope_words(found)),)
    if asked is ScopeKind.BODY_PART:
        studies = [one for one in studies if one.body_part.upper() == found.scope_value]
        first = ((f"{asked}:{found.scope_value}", words.scope_words(found)),)
    else:
        parts = sorted({one.body_part.upper() for one in studies if one.body_part})
        first = (
            (f"{ScopeKind.ALL}:", _("全部历史影像")),
            *(
                (f"{ScopeKind.BODY_PART}:{one}", _("仅%(part)s的检查", part=body_part_label(one)))
                for one in parts
            ),
        )
    single = (
        (f"{ScopeKind.STUDY}:{one.study_id}", _("仅 %(study)s", study=words.study_words(one)))
        for one in studies
    )
    return (*first, *single)


def _scope(found: Authorisation) -> Scope | None:
    """Return the chosen scope, None for as asked. Raises BadRequest for more than was asked."""
    chosen = request.form.get("scope")
    if chosen is None:
        return None
    if chosen not in dict(_scopes(found)):
        raise BadRequest
    kind, _colon, value = chosen.partition(":")
    return Scope(ScopeKind(kind), value)


def _lifetime() -> timedelta:
    hours = request.form.get("hours", "24")
    return timedelta(hours=int(hours)) if hours.isdecimal() and len(hours) < 5 else timedelta(0)
