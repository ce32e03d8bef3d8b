"""Clients that prove themselves by a signature (`private_key_jwt`, RFC 7523 §2.2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, import_key

from portal.context import current_cloud, database_session
from portal.oauth.client import PRIVATE_KEY_JWT, OAuthClient, token_url
from server import clients, clock

ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "Ed25519", "EdDSA"]
CLOCK_SKEW = 10
LONGEST_LIFE = 300  # seconds
LONGEST_JTI = 200


def live_keys(client_id: str) -> KeySet:
    """Return the live public keys of a client; none for one that has a secret."""
    return KeySet([import_key(one) for one in clients.public_keys(database_session(), client_id)])


class SignedAssertion(JWTBearerClientAssertion):  # type: ignore[misc]
    """Checks assertions against the client's live keys, so that keys can be replaced in peace."""

    CLIENT_AUTH_METHOD = PRIVATE_KEY_JWT

    def get_audiences(self) -> list[str]:
        """Return for whom an assertion must be made: us."""
        return [token_url(), current_cloud().settings.base_url]

    def resolve_client_public_key(self, client: OAuthClient) -> KeySet:
        """Return the client's live keys."""
        return live_keys(client.client_id)

    def process_assertion_claims(self, assertion: str, resolve_key: KeySet) -> dict[str, Any]:
        """Return the claims of an assertion that one of the keys has signed.

        Raises InvalidClientError.
        """
        for key in resolve_key.keys:
            try:
                token = jwt.decode(assertion, key, algorithms=ALGORITHMS)
            except (JoseError, ValueError):
                continue
            self.verify_claims(token.claims)
            return dict(token.claims)
        raise InvalidClientError(description="No registered key has signed this.")

    def validate_jti(self, claims: dict[str, Any], jti: Any) -> bool:
        """Use the assertion up; False where it has served, or would hold for too long."""
        now = clock.now().timestamp()
        if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
            return False
        if claims["exp"] > now + LONGEST_LIFE + CLOCK_SKEW:
            return False
        until = datetime.fromtimestamp(claims["exp"] + CLOCK_SKEW, UTC)
        try:
            with current_cloud().database.session() as own:
                clients.use_assertion(own, claims["sub"], jti, until)
        except clients.AssertionUsedError:
            return False
        return True
