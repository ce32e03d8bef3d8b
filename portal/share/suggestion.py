"""A share password that is easily read out over the phone."""

from __future__ import annotations

import secrets

# Small letters and digits that nobody mistakes for one another. Six of them are 29 bits; the
# tries a share has hold off guessing.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
LENGTH = 6


def suggested_password() -> str:
    """Return a random share password."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
