"""A passkey in software, written from the W3C recommendation alone: the other side of the product.

ES256, attestation "none"; what real browsers do is judged in e2e/test_identity.py.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import encode_cbor

PRESENT, VERIFIED, HAS_CREDENTIAL = 0x01, 0x04, 0x40


def to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def to_bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class SoftPasskey:
    """One key pair on one device."""

    origin: str
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    count: int = 0
    verified: bool = True

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """What navigator.credentials.create() answers."""
        numbers = self.key.public_key().public_numbers()
        cose = encode_cbor(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        )
        attested = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id + cose
        data = self._authenticator_data(options["rp"]["id"], HAS_CREDENTIAL) + attested
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self._credential(
            {
                "clientDataJSON": self._client_data("webauthn.create", options),
                "attestationObject": to_text(attestation),
                "transports": ["internal"],
            }
        )

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """What navigator.credentials.get() answers."""
        self.count += 1
        data = self._authenticator_data(options["rpId"], 0)
        client = self._client_data("webauthn.get", options)
        signed = data + hashlib.sha256(to_bytes(client)).digest()
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._credential(
            {
                "clientDataJSON": client,
                "authenticatorData": to_text(data),
                "signature": to_text(signature),
            }
        )

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        named = to_text(self.credential_id)
        return {"id": named, "rawId": named, "type": "public-key", "response": response}

    def _authenticator_data(self, rp_id: str, more: int) -> bytes:
        flags = PRESENT | more | (VERIFIED if self.verified else 0)
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client_data(self, kind: str, options: dict[str, Any]) -> str:
        told = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return to_text(json.dumps(told).encode())
