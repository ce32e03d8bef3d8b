"""The first address, and the privacy policy, which everyone may read before signing in."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from portal.decisions import public
from portal.i18n import current_language
from portal.identity import current_identity
from server import consent
from server.model import Role

blueprint = Blueprint("home", __name__)

# Where each role begins; who has no list of studies begins with his account.
LISTS = {
    Role.PATIENT: "/studies",
    Role.DOCTOR: "/doctor/studies",
    Role.INSTITUTION_ADMINISTRATOR: "/admin",
    Role.ADMINISTRATOR: "/admin",
    Role.AUDITOR: "/admin",
    Role.SUPERVISOR: "/admin",
}


@blueprint.get("/")
@public
def index() -> ResponseReturnValue:
    """Lead to the list of whoever is signed in, or to the sign-in page."""
    identity = current_identity()
    return redirect(LISTS.get(identity.role, "/account") if identity else "/login", 303)


@blueprint.get("/privacy")
@public
def privacy() -> str:
    """Show the privacy policy in force (A-37)."""
    policy = consent.current_policy(current_language())
    return render_template("pages/privacy.html", policy=policy)
