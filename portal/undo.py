"""A notice with a way back: what was just done can be undone by one more form, script or not.

Only what really can be put back as it was is offered (a pause, a period, a number of views). What
was revoked or deleted is over for good, and its page says so before it is done.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import flash, request

UNDOING = "undoing"


def flash_undoable(words: str, action: str, fields: Mapping[str, str] | None = None) -> None:
    """Tell that something was done, with a form that posts `fields` to `action` to undo it.

    What an undoing itself did is told without: nobody needs to go back and forth in notices.
    `action` is an address of ours; neither it nor the fields may hold a secret or a name, because
    the notice travels in the browser's cookie.
    """
    if UNDOING in request.form:
        flash(words, "success")
        return
    undo = {"action": action, "fields": {**(fields or {}), UNDOING: "1"}}
    flash({"text": words, "undo": undo}, "success")  # type: ignore[arg-type]
