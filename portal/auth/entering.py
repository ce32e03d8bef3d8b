"""What every way of signing in does at its end, whichever factor came last."""

from __future__ import annotations

from typing import TypedDict

from flask import redirect, request
from werkzeug.wrappers import Response

from portal.auth.pending import forget
from portal.context import current_cloud
from portal.entry import entry_kind
from portal.identity import source_address
from portal.sessions import device_token, session_token, set_device, set_session
from server.accounts import SignedIn

LONGEST_DEVICE = 200


class Visit(TypedDict):
    """From where and with what somebody signs in."""

    source: str
    device: str
    entry_kind: str
    previous_token: str | None
    device_token: str | None


def visit() -> Visit:
    """Return from where and with what this request signs in."""
    settings = current_cloud().settings
    return Visit(
        source=source_address(),
        device=request.user_agent.string[:LONGEST_DEVICE],
        entry_kind=entry_kind(),
        previous_token=session_token(settings, request),
        device_token=device_token(settings, request),
    )


def welcome(signed_in: SignedIn, target: str) -> Response:
    """Give the browser its session and lead on."""
    settings = current_cloud().settings
    forget()
    response = redirect(target, 303)
    set_session(response, settings, signed_in.token)
    set_device(response, settings, signed_in.device_token)
    return response
