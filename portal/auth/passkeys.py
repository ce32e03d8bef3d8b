"""Signing in with a passkey alone, or with one after the password (F-03)."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.auth.entering import visit, welcome
from portal.auth.pending import pending_sign_in
from portal.context import current_cloud, database_session
from portal.decisions import public, public_data
from portal.limits import SIGN_IN, limited
from portal.next_url import safe_next
from server import accounts
from server.accounts import FactorRefusedError, SignInRefused, passkeys
from server.accounts.challenges import live_challenge
from server.accounts.relying_party import relying_party

blueprint = Blueprint("passkeys", __name__)

LONGEST_ASSERTION = 8000


def passkey_origin() -> str:
    """Return the one origin at which passkeys work here; "" where browsers permit none."""
    party = relying_party(current_cloud().settings)
    return party.origin if party is not None else ""


def read_assertion(text: str) -> dict[str, Any]:
    """Return what the page's script sent: `token` and `credential`. Raises ValueError."""
    told = json.loads(text[:LONGEST_ASSERTION])
    if not isinstance(told, dict) or not isinstance(told.get("credential"), dict):
        raise ValueError("no credential")
    return {"token": str(told.get("token", "")), "credential": told["credential"]}


@blueprint.post("/login/passkey/options")
@limited(SIGN_IN)
@public_data
def options() -> ResponseReturnValue:
    """Ask for a passkey: of the account whose password was right, else any of this site."""
    cloud, session = current_cloud(), database_session()
    pending, account = pending_sign_in(), None
    if pending is not None and request.args.get("step") == "second":
        try:
            account = live_challenge(session, pending.token).account
        except SignInRefused as refused:
            raise NotFound from refused
    try:
        ceremony = passkeys.begin_proof(cloud, session, account)
    except FactorRefusedError as refused:
        raise NotFound from refused
    return jsonify({"token": ceremony.token, "options": ceremony.options})


@blueprint.post("/login/passkey")
@limited(SIGN_IN)
@public
def sign_in() -> ResponseReturnValue:
    """Sign in whoever the passkey belongs to."""
    target = safe_next(request.form.get("next"))
    try:
        told = read_assertion(request.form.get("assertion", ""))
        signed_in = accounts.sign_in_with_passkey(
            current_cloud(), database_session(), **told, **visit()
        )
    except (SignInRefused, ValueError):
        flash(_("通行密钥没有通过验证，请重试，或用密码登录。"), "error")
        return redirect("/login", 303)
    return welcome(signed_in, target)
