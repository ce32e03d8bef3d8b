"""How a system proves itself at the token endpoint: with a secret, or by a signature (RFC 7523)."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any, Protocol

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 60


class Credential(Protocol):
    """Anything that can be shown at the token endpoint."""

    def form(self, token_url: str) -> dict[str, str]:
        """Return the fields with which the system proves itself."""


@dataclass(frozen=True)
class ClientSecret:
    """What `yingyun client add` printed."""

    client_id: str
    secret: str

    def form(self, token_url: str) -> dict[str, str]:  # noqa: ARG002
        """Return identifier and secret."""
        return {"client_id": self.client_id, "client_secret": self.secret}


@dataclass(frozen=True)
class ClientKey:
    """A private key (JWK) whose public half is registered; it never leaves the hospital."""

    client_id: str
    private_key: dict[str, Any]
    algorithm: str = "ES256"

    def form(self, token_url: str) -> dict[str, str]:
        """Return a fresh assertion, which serves once and for a minute."""
        from joserfc import jwt
        from joserfc.jwk import import_key

        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": token_url,
            "exp": int(time.time()) + ASSERTION_SECONDS,
            "jti": secrets.token_urlsafe(16),
        }
        signed = jwt.encode({"alg": self.algorithm}, claims, import_key(self.private_key))
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}
