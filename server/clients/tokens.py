"""Access tokens of clients: 256 bits, ten minutes, revocable; the database holds their SHA-256."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from server import audit, clock
from server.accounts.sessions import hash_token
from server.model import ClientToken, InstitutionClient

TOKEN_LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True)
class CallingClient:
    """Who calls the API with a live token, and what the token allows."""

    client_id: str
    institution_id: int
    origins: frozenset[str]
    scopes: frozenset[str]


def issue(
    session: Session, client_id: str, token: str, scopes: Collection[str], *, source: str
) -> None:
    """Keep a token that was just made for a client; those long over are forgotten."""
    now = clock.now()
    session.execute(delete(ClientToken).where(ClientToken.expires_at <= now - TOKEN_LIFETIME))
    session.add(
        ClientToken(
            token_hash=hash_token(token),
            client_id=client_id,
            scopes=sorted(scopes),
            expires_at=now + TOKEN_LIFETIME,
        )
    )
    _note(session, client_id, "client.token", source)


def caller(session: Session, token: str) -> CallingClient | None:
    """Return the client of a live token; None once over, revoked, or the client shut."""
    found = session.execute(
        select(ClientToken, InstitutionClient)
        .join(InstitutionClient, InstitutionClient.client_id == ClientToken.client_id)
        .where(
            ClientToken.token_hash == hash_token(token),
            ClientToken.expires_at > clock.now(),
            ClientToken.revoked_at.is_(None),
            InstitutionClient.disabled_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        return None
    kept, client = found
    return CallingClient(
        client.client_id,
        client.institution_id,
        frozenset(client.origins),
        # What was taken from the client since is gone from its tokens too.
        frozenset(kept.scopes) & frozenset(client.scopes),
    )


def revoke(session: Session, client_id: str, token: str, *, source: str) -> None:
    """End a client's own token; another's, or none, is no error (RFC 7009 §2.2)."""
    ended = session.scalar(
        update(ClientToken)
        .where(
            ClientToken.token_hash == hash_token(token),
            ClientToken.client_id == client_id,
            ClientToken.revoked_at.is_(None),
        )
        .values(revoked_at=clock.now())
        .returning(ClientToken.client_id)
    )
    if ended is not None:
        _note(session, client_id, "client.token_revoke", source)


def _note(session: Session, client_id: str, event: str, source: str) -> None:
    audit.record(
        session,
        actor_kind="client",
        actor=f"client:{client_id}",
        event=event,
        object_kind="client",
        object_id=client_id,
        source=source,
    )
