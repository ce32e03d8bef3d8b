"""Whether who calls is the client he says: secrets, public keys, assertions that serve once."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server import clock
from server.accounts.sessions import hash_token
from server.model import ClientAssertion, ClientCredential


class AssertionUsedError(Exception):
    """The assertion has served before."""


def secret_fits(session: Session, client_id: str, secret: str) -> bool:
    """Whether a secret is one of the client's live ones."""
    given = hash_token(secret)
    kept = [one.secret_hash for one in _live(session, client_id) if one.secret_hash]
    return any(hmac.compare_digest(given, one) for one in kept)


def public_keys(session: Session, client_id: str) -> list[dict[str, Any]]:
    """Return the live public keys of a client, as JWK (RFC 7517)."""
    return [one.public_key for one in _live(session, client_id) if one.public_key]


def use_assertion(session: Session, client_id: str, jti: str, expires_at: datetime) -> None:
    """Note that an assertion has served. Raises AssertionUsedError the second time.

    Forgets those that have expired, for they are refused by their own time.
    """
    session.execute(delete(ClientAssertion).where(ClientAssertion.expires_at <= clock.now()))
    try:
        with session.begin_nested():
            session.add(
                ClientAssertion(
                    client_id=client_id, jti_hash=hash_token(jti), expires_at=expires_at
                )
            )
    except IntegrityError as error:
        raise AssertionUsedError from error


def _live(session: Session, client_id: str) -> Sequence[ClientCredential]:
    return session.scalars(
        select(ClientCredential).where(
            ClientCredential.client_id == client_id,
            or_(ClientCredential.expires_at.is_(None), ClientCredential.expires_at > clock.now()),
        )
    ).all()
