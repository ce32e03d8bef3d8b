"""The switch of the text's size; works without JavaScript, and on every page (WCAG 2.2, 1.4.4)."""

from __future__ import annotations

from flask import Blueprint, Flask, redirect, request, session
from flask.typing import ResponseReturnValue

from portal.decisions import public
from portal.next_url import safe_next

NORMAL, LARGE = "normal", "large"
KEY = "text_size"

blueprint = Blueprint("text_size", __name__)


@blueprint.post("/text-size")
@public
def switch() -> ResponseReturnValue:
    """Remember the chosen size and go back to the page; an unknown one changes nothing."""
    chosen = request.form.get("text_size", "")
    if chosen in (NORMAL, LARGE):
        session[KEY] = chosen
    return redirect(safe_next(request.form.get("next"), "/"), 303)


def text_size() -> str:
    """Return the size of the text on this person's pages: "normal" or "large"."""
    return LARGE if session.get(KEY) == LARGE else NORMAL


def install_text_size(app: Flask) -> None:
    """Add the switch, and give templates the size."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals["text_size"] = text_size
