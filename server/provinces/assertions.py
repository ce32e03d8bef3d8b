"""Short-lived signed assertions: who asks, whom, what exactly, once (RFC 7523, RFC 7519, ES256).

An assertion names the request that it stands for: method, address and the hash of its body. So it
serves for nothing else, not even in the hands of somebody who took it from the wire. An answer is
signed too and names the assertion that it answers.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import ECKey, GuestProtocol
from joserfc.jws import JWSRegistry
from sqlalchemy.exc import IntegrityError

from server import clock
from server.db import Database
from server.model import SeenAssertion
from server.provinces.peers import Peer, Peers

ALGORITHM = "ES256"
LIFETIME = timedelta(seconds=60)
CLOCK_SKEW = timedelta(seconds=30)
_REQUEST_TYPE = "yingyun-request+jwt"
_ANSWER_TYPE = "yingyun-answer+jwt"
_LONGEST_JTI = 64
MOST_BYTES = 32 << 20  # of a signed answer: the list of some 100 000 objects


class AssertionRefusedError(ValueError):
    """An assertion or a signed answer does not hold; `reason` is one word for machines."""

    def __init__(self, reason: str, issuer: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.issuer = issuer


@dataclass(frozen=True)
class Asked:
    """What one assertion stands for; `path` is the address with its query, without the host."""

    method: str
    path: str
    body: bytes = b""

    def claims(self) -> dict[str, str]:
        """Return the claims that bind an assertion to this request."""
        digest = hashlib.sha256(self.body).hexdigest()
        return {"htm": self.method, "htu": self.path, "body_sha256": digest}


@dataclass(frozen=True)
class Asker:
    """Who asked, and by which assertion; the answer is for both."""

    peer: Peer
    jti: str


def sign_request(peers: Peers, audience: str, asked: Asked) -> tuple[str, str]:
    """Return an assertion for one request to one peer, and its jti."""
    jti = secrets.token_urlsafe(16)
    return _sign(peers, _REQUEST_TYPE, {"aud": audience, "jti": jti, **asked.claims()}), jti


def verify_request(database: Database, peers: Peers, token: str, asked: Asked) -> Asker:
    """Return who signed the assertion of a request; it is used up by this.

    Raises AssertionRefusedError: malformed, unknown_issuer, signature, audience, expired,
    other_request, replayed.
    """
    issuer, claims = _verified(peers, token, _REQUEST_TYPE)
    if any(claims.get(name) != value for name, value in asked.claims().items()):
        raise AssertionRefusedError("other_request", issuer.name)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        raise AssertionRefusedError("malformed", issuer.name)
    _use_up(database, issuer.name, jti)
    return Asker(issuer, jti)


def sign_answer(peers: Peers, asker: Asker, content: Mapping[str, Any]) -> str:
    """Return a signed answer for whoever asked."""
    claims = {"aud": asker.peer.name, "re": asker.jti, "content": dict(content)}
    return _sign(peers, _ANSWER_TYPE, claims)


def read_answer(peers: Peers, peer: Peer, token: str, jti: str) -> dict[str, Any]:
    """Return the content of a peer's answer to our assertion. Raises AssertionRefusedError."""
    issuer, claims = _verified(peers, token, _ANSWER_TYPE)
    content = claims.get("content")
    if issuer.name != peer.name or claims.get("re") != jti or not isinstance(content, dict):
        raise AssertionRefusedError("other_request", issuer.name)
    return content


def _sign(peers: Peers, kind: str, claims: Mapping[str, Any]) -> str:
    now = clock.now()
    times = {"iat": int(now.timestamp()), "exp": int((now + LIFETIME).timestamp())}
    header = {"alg": ALGORITHM, "typ": kind, "kid": peers.name}
    whole = {"iss": peers.name, **times, **claims}
    return jwt.encode(header, whole, peers.private_key, registry=_registry())


def _registry() -> JWSRegistry:
    """Return what joserfc checks of a token; lists of a study's objects are longer than its
    default allows."""
    registry = JWSRegistry(algorithms=[ALGORITHM])
    registry.max_payload_length = MOST_BYTES
    return registry


def _verified(peers: Peers, token: str, kind: str) -> tuple[Peer, dict[str, Any]]:
    """Return who signed a token for us just now, and its claims."""

    def key_of(guest: GuestProtocol) -> ECKey:
        return _issuer(peers, guest.headers()).public_key

    try:
        decoded = jwt.decode(token, key_of, registry=_registry())
    except BadSignatureError as error:
        raise AssertionRefusedError("signature") from error
    except (JoseError, UnicodeError) as error:
        raise AssertionRefusedError("malformed") from error
    issuer, claims = _issuer(peers, decoded.header), decoded.claims
    if decoded.header.get("typ") != kind or claims.get("iss") != issuer.name:
        raise AssertionRefusedError("malformed", issuer.name)
    if claims.get("aud") != peers.name:
        raise AssertionRefusedError("audience", issuer.name)
    _check_times(claims, issuer.name)
    return issuer, claims


def _issuer(peers: Peers, header: Mapping[str, Any]) -> Peer:
    name = header.get("kid")
    peer = peers.known(name) if isinstance(name, str) else None
    if peer is None:
        raise AssertionRefusedError("unknown_issuer")
    return peer


def _check_times(claims: Mapping[str, Any], issuer: str) -> None:
    """Refuse what is over, not begun, or meant to live longer than a minute."""
    begun, over = claims.get("iat"), claims.get("exp")
    if type(begun) is not int or type(over) is not int:
        raise AssertionRefusedError("malformed", issuer)
    now, skew = clock.now().timestamp(), CLOCK_SKEW.total_seconds()
    too_long = over - begun > LIFETIME.total_seconds()
    if too_long or over <= now - skew or begun > now + skew:
        raise AssertionRefusedError("expired", issuer)


def _use_up(database: Database, issuer: str, jti: str) -> None:
    """Keep the jti until its assertion is over for certain; a transaction of its own, so that a
    request that fails later has used it up, too."""
    seen = SeenAssertion(issuer=issuer, jti=jti, expires_at=clock.now() + LIFETIME + 2 * CLOCK_SKEW)
    try:
        with database.session() as session:
            session.add(seen)
    except IntegrityError as error:
        raise AssertionRefusedError("replayed", issuer) from error
