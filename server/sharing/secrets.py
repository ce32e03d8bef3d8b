"""The secrets of a share: in the link, on the card, and what is kept of them."""

from __future__ import annotations

import hashlib
import secrets

SHORT_CODE_LENGTH = 10
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
_READ_AS = str.maketrans("OIL", "011")


def new_secret() -> str:
    """Return the 256 random bits that stand in the link's fragment (goal 1)."""
    return secrets.token_urlsafe(32)


def new_short_code() -> str:
    """Return ten letters of Crockford base 32, 50 random bits, as XXXXX-XXXXX for the card.

    Guessing it is held off by the tries a share, an address and everybody together have.
    """
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(SHORT_CODE_LENGTH))
    return f"{letters[:5]}-{letters[5:]}"


def hash_secret(secret: str) -> str:
    """Return the SHA-256 (hex) of a link's secret; 256 bits need no slower hash (A-30)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def normalize_short_code(text: str) -> str:
    """Return a short code as it was made, however it was typed: small letters, O for 0, blanks."""
    kept = "".join(letter for letter in text.upper() if letter.isalnum())
    return kept.translate(_READ_AS)
