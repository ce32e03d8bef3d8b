"""Registering a client, replacing its credentials with an overlap, shutting it; all audited."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey, import_key
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from server import audit, clock
from server.accounts.sessions import hash_token
from server.clients.origins import normalize_origin
from server.clients.scopes import Scope
from server.model import ClientCredential, ClientToken, Institution, InstitutionClient, Launch

SMALLEST_RSA_BITS = 2048


class ClientError(ValueError):
    """A client cannot be registered like this; the message says why."""


@dataclass(frozen=True)
class NewCredential:
    """A client with a fresh credential; `secret` is shown this once, "" for a public key."""

    client: InstitutionClient
    secret: str


def register(
    session: Session,
    *,
    institution: Institution,
    name: str,
    origins: Collection[str],
    scopes: Collection[Scope],
    public_key: Mapping[str, Any] | None = None,
    actor: str = "cli",
) -> NewCredential:
    """Add a client of an institution, with a secret of 256 bits or the public key given (RFC 7517).

    Raises ClientError, OriginError.
    """
    client = InstitutionClient(
        institution_id=institution.id,
        name=name[:100],
        scopes=sorted(scopes),
        origins=sorted({normalize_origin(one) for one in origins}),
    )
    session.add(client)
    session.flush()
    secret = _add_credential(session, client, public_key)
    _note(session, client, "client.register", actor)
    return NewCredential(client, secret)


def rotate(
    session: Session,
    client: InstitutionClient,
    *,
    overlap: timedelta,
    public_key: Mapping[str, Any] | None = None,
    actor: str = "cli",
) -> NewCredential:
    """Give a client a new credential; those before it hold for the overlap and no longer.

    Raises ClientError for a client that is shut.
    """
    if client.disabled_at is not None:
        raise ClientError("该接入方已停用 / this client is disabled")
    until = clock.now() + overlap
    session.execute(
        update(ClientCredential)
        .where(
            ClientCredential.client_id == client.client_id,
            or_(ClientCredential.expires_at.is_(None), ClientCredential.expires_at > until),
        )
        .values(expires_at=until)
    )
    secret = _add_credential(session, client, public_key)
    _note(session, client, "client.rotate", actor)
    return NewCredential(client, secret)


def disable(session: Session, client: InstitutionClient, *, actor: str = "cli") -> None:
    """Shut a client: its tokens and its launches end at the next request."""
    now = clock.now()
    client.disabled_at = client.disabled_at or now
    tokens = update(ClientToken).where(
        ClientToken.client_id == client.client_id, ClientToken.revoked_at.is_(None)
    )
    session.execute(tokens.values(revoked_at=now))
    launches = update(Launch).where(Launch.client_id == client.client_id, Launch.ended_at.is_(None))
    session.execute(launches.values(ended_at=now))
    _note(session, client, "client.disable", actor)


def find(session: Session, client_id: str) -> InstitutionClient | None:
    """Return a client that is not shut."""
    found = session.get(InstitutionClient, client_id, populate_existing=True)
    return found if found is not None and found.disabled_at is None else None


def clients(session: Session) -> Sequence[InstitutionClient]:
    """Return all clients, the shut ones too, in the order in which they came."""
    return session.scalars(select(InstitutionClient).order_by(InstitutionClient.created_at)).all()


def _add_credential(
    session: Session, client: InstitutionClient, public_key: Mapping[str, Any] | None
) -> str:
    secret = "" if public_key is not None else secrets.token_urlsafe(32)
    session.add(
        ClientCredential(
            client_id=client.client_id,
            secret_hash=hash_token(secret) if secret else None,
            public_key=None if public_key is None else _checked_key(public_key),
        )
    )
    session.flush()
    return secret


def _checked_key(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the public half of a key that signs. Raises ClientError."""
    if given.get("kty") == "oct":
        raise ClientError("只接受非对称密钥 / only RSA, EC and OKP keys")
    try:
        key = import_key(dict(given))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ClientError("公钥须为 JWK / the key must be a JWK (RFC 7517)") from error
    if isinstance(key, RSAKey) and key.public_key.key_size < SMALLEST_RSA_BITS:
        raise ClientError("RSA 密钥至少 2048 位 / an RSA key has 2048 bits at least")
    return dict(key.as_dict(private=False))


def _note(session: Session, client: InstitutionClient, event: str, actor: str) -> None:
    audit.record(
        session,
        actor_kind="system",
        actor=actor,
        event=event,
        object_kind="client",
        object_id=client.client_id,
        detail={"institution": client.institution_id},
    )
