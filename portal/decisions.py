"""Who may use a view: each carries a decision, and a view without one is refused (design §6).

    @blueprint.get("/shares")
    @signed_in
    def shares() -> str: …

    @blueprint.get("/studies/<study_id>")
    @study_action(Action.VIEW_PICTURES)
    def pictures(door: StudyDoor) -> str: …

The decorator of this module stands directly above the function (or anywhere below the route). It
only notes the decision; `_enforce` makes it before the view runs, so that no order of decorators
can leave a hole. `tests/portal/test_routes.py` walks the URL map.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar, cast, overload
from urllib.parse import quote

import structlog
from flask import Flask, current_app, flash, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized

from portal.auditing import note_denial
from portal.context import current_cloud
from portal.identity import Identity, current_identity
from portal.next_url import login_url, with_next
from server.access import Action
from server.model import Role

View = TypeVar("View", bound=Callable[..., Any])
Check = Callable[[dict[str, Any]], ResponseReturnValue | None]

log = structlog.get_logger("portal")

ACCOUNT_SECURITY = "/account/security"
OWN_PASSWORD = "/account/security/password"  # noqa: S105 - an address


@dataclass(frozen=True)
class Decision:
    """What must hold before a view runs.

    `check` gets the values of the address; it returns None to let the request pass, an answer (a
    redirect) instead, or raises. `data` marks views that answer programs: refusals are
    problem+json, never a redirect to a page.
    """

    words: str
    check: Check
    data: bool = False


def decision_of(view: Any) -> Decision | None:
    """Return the decision that a view carries."""
    return getattr(view, "decision", None)


def answers_data() -> bool:
    """Whether this request is made by a program: a data view, htmx, or `fetch`."""
    decision = decision_of(current_app.view_functions.get(request.endpoint or ""))
    if decision is not None and decision.data:
        return True
    if "HX-Request" in request.headers or request.headers.get("Sec-Fetch-Dest") == "empty":
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html")
    return best == "application/json"


def _carry(view: View, decision: Decision) -> View:
    cast(Any, view).decision = decision
    return view


def public(view: View) -> View:
    """Anyone may use this view."""
    return _carry(view, Decision("public", lambda _values: None))


def public_data(view: View) -> View:
    """Any program may use this view; refusals are problem+json."""
    return _carry(view, Decision("public", lambda _values: None, data=True))


def require_identity() -> Identity | ResponseReturnValue:
    """Return who is signed in, or the way to the sign-in page.

    Raises Unauthorized for programs, which cannot fill in a form.
    """
    identity = current_identity()
    if identity is not None:
        return identity
    if answers_data():
        raise Unauthorized
    return redirect(login_url(), 303)


def what_is_due(identity: Identity) -> str:
    """Return the address of what comes before anything else: a password of one's own in place of
    one that an administrator gave, then the consent; "" when nothing does."""
    if identity.temporary_credential:
        return OWN_PASSWORD
    return "/consent" if identity.needs_consent else ""


def _check_signed_in(
    roles: Collection[Role], consented: bool, fresh: bool
) -> ResponseReturnValue | None:
    identity = require_identity()
    if not isinstance(identity, Identity):
        return identity
    if roles and identity.role not in roles:
        note_denial("role")
        raise Forbidden
    due = what_is_due(identity)
    if due and request.path != due and (consented or due != "/consent"):
        if answers_data():
            raise Forbidden
        return redirect(with_next(due), 303)
    return None if identity.is_fresh or not fresh else _prove_again()


def _prove_again() -> ResponseReturnValue:
    """Lead to the sign-in page once more, before what only the owner himself may change."""
    if answers_data():
        raise Unauthorized
    flash(_("为保护您的账户，请先重新登录，再修改登录方式。"), "info")
    here = request.full_path.rstrip("?") if request.method == "GET" else ACCOUNT_SECURITY
    return redirect(f"/login?again=1&next={quote(here, safe='/')}", 303)


@overload
def signed_in(view: View) -> View: ...
@overload
def signed_in(
    *,
    roles: Collection[Role] = (),
    consented: bool = True,
    data: bool = False,
    fresh: bool = False,
) -> Callable[[View], View]: ...
def signed_in(
    view: Any = None,
    *,
    roles: Collection[Role] = (),
    consented: bool = True,
    data: bool = False,
    fresh: bool = False,
) -> Any:
    """Someone signed in with two factors, of these roles (all when empty), who consented (A-37);
    with `fresh`, within the last minutes."""

    def carry(target: Any) -> Any:
        words = "signed in: " + (", ".join(sorted(roles)) or "any role")
        return _carry(
            target, Decision(words, lambda _: _check_signed_in(roles, consented, fresh), data)
        )

    return carry(view) if view is not None else carry


def study_action(action: Action, *, data: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """A grant, by whichever door the address names, must allow the action on the study.

    The address holds `study_id` (patient, doctor) or `share_id` (recipient), and `series_id` where
    one series is meant; the grant is looked up and authorised afresh at each request. The view
    gets `door` in place of `study_id` and `share_id`, all other values as they are.
    """
    return _door_decision(action, f"may {action.value}", data)


def share_visit(view: Callable[..., Any] | None = None, *, data: bool = False) -> Any:
    """A live visit to the share of the address, for no action yet; the view gets `door`."""
    decorate = _door_decision(None, "visits the share", data)
    return decorate(view) if view is not None else decorate


def _door_decision(
    action: Action | None, words: str, data: bool
) -> Callable[[Callable[..., Any]], Any]:
    def check(values: dict[str, Any]) -> ResponseReturnValue | None:
        from portal import doors

        opened = doors.open_door(values, action)
        if not isinstance(opened, doors.StudyDoor):
            return opened
        return None

    def carry(view: Callable[..., Any]) -> Any:
        @functools.wraps(view)
        def with_door(**values: Any) -> Any:
            values.pop("study_id", None)
            values.pop("share_id", None)
            values.pop("launch_id", None)
            values.pop("door", None)
            return view(door=g.door, **values)

        return _carry(with_door, Decision(words, check, data))

    return carry


def development_only(view: View) -> View:
    """Only while developing; elsewhere the address does not exist."""

    def check(_values: dict[str, Any]) -> None:
        if not current_cloud().settings.development:
            raise NotFound

    return _carry(view, Decision("development only", check))


def _enforce() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None  # no view: Flask answers 404 or 405 itself
    decision = decision_of(current_app.view_functions[request.endpoint])
    if decision is None:
        log.error("view_without_decision", endpoint=request.endpoint)
        raise Forbidden
    return decision.check(dict(request.view_args or {}))


def install_decisions(app: Flask) -> None:
    """Refuse, before each view, what its decision does not allow."""
    app.before_request(_enforce)
