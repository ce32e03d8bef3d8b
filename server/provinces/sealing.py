"""Questions to other centres and the index module, encrypted for whoever is asked (F-17).

They hold ID numbers, descriptions and diagnoses. TLS protects the way to the first machine that
ends it; this protects up to the program that answers. JWE (RFC 7516) for the peer's own key:
ECDH-ES with A256KW, A256GCM. The signed assertion binds the encrypted body.
"""

from __future__ import annotations

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import ECKey

MEDIA_TYPE = "application/jose"
_ALGORITHM, _CIPHER = "ECDH-ES+A256KW", "A256GCM"
_MOST_BYTES = 64 << 20


class SealError(ValueError):
    """A body was not encrypted for us, or was altered."""


def seal(body: bytes, public_key: ECKey) -> bytes:
    """Return a body that only the owner of a key can read."""
    header = {"alg": _ALGORITHM, "enc": _CIPHER}
    return jwe.encrypt_compact(header, body, public_key, registry=_registry()).encode()


def unseal(sealed: bytes, private_key: ECKey) -> bytes:
    """Return what `seal` was given. Raises SealError."""
    try:
        opened = jwe.decrypt_compact(sealed, private_key, registry=_registry())
    except (JoseError, ValueError, TypeError) as error:
        raise SealError("not encrypted for this key") from error
    if opened.plaintext is None:
        raise SealError("nothing in it")
    return opened.plaintext


def _registry() -> JWERegistry:
    registry = JWERegistry(algorithms=[_ALGORITHM, _CIPHER])
    registry.max_ciphertext_length = _MOST_BYTES  # a batch of records is longer than its default
    return registry
