"""When a sign-in ends for want of use: said on every page, put off by whoever is there (F-06)."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Flask, redirect, request
from flask.typing import ResponseReturnValue
from jinja2_fragments.flask import render_block

from portal.context import current_cloud
from portal.decisions import signed_in
from portal.identity import current_identity
from portal.next_url import safe_next
from server import clock

blueprint = Blueprint("idle", __name__)


def _facts() -> dict[str, object]:
    identity, settings = current_identity(), current_cloud().settings
    if identity is None or identity.launch_id is not None or identity.signed_in_at is None:
        return {"idle_seconds": 0}
    # The page was asked for just now, which the session has noted; its absolute end may be sooner.
    idle = timedelta(minutes=settings.idle_minutes)
    absolute = identity.signed_in_at + timedelta(hours=settings.absolute_hours)
    ends_at = min(clock.now() + idle, absolute)
    seconds = max(0, int((ends_at - clock.now()).total_seconds()))
    return {"idle_seconds": seconds, "idle_ends_at": ends_at}


@blueprint.post("/session/keep")
@signed_in(consented=False)
def keep() -> ResponseReturnValue:
    """Put the end off: looking up who is signed in has noted that he is there."""
    if "HX-Request" in request.headers:
        return str(render_block("partials/idle.html", "idle"))
    return redirect(safe_next(request.form.get("next")), 303)


def install_idle(app: Flask) -> None:
    """Register the address, and tell templates when the sign-in ends."""
    app.register_blueprint(blueprint)
    app.context_processor(_facts)
