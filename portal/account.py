"""Whose account a page about an account is."""

from __future__ import annotations

import hashlib

from flask import request

from portal.context import current_cloud, database_session
from portal.identity import signed_in_identity
from portal.sessions import session_token
from server.model import Account


def own_account() -> Account:
    """Return the account of whoever is signed in. Raises Unauthorized."""
    return database_session().get_one(Account, signed_in_identity().account_id)


def own_token_hash() -> str:
    """Return the hash under which this very session is kept."""
    token = session_token(current_cloud().settings, request) or ""
    return hashlib.sha256(token.encode()).hexdigest()
