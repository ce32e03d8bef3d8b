"""The switch of the language; works without JavaScript."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from portal.decisions import public
from portal.i18n import choose_language
from portal.next_url import safe_next

blueprint = Blueprint("language", __name__)


@blueprint.post("/language")
@public
def switch() -> ResponseReturnValue:
    """Remember the chosen language and go back to the page."""
    choose_language(request.form.get("language", ""))
    return redirect(safe_next(request.form.get("next"), "/"), 303)
