"""The development mailbox: what would have gone to phones. Registered only while developing."""

from __future__ import annotations

from flask import Blueprint, render_template

from portal.context import current_cloud, database_session
from portal.decisions import development_only
from server import messages

blueprint = Blueprint("mailbox", __name__)


@blueprint.get("/dev/mailbox")
@development_only
def mailbox() -> str:
    """Show the newest messages first."""
    letters = messages.mailbox(current_cloud(), database_session())
    return render_template("pages/mailbox.html", letters=letters)
