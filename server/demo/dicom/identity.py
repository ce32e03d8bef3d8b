"""Unique identifiers derived from names, so that every run makes the same files."""

from __future__ import annotations

import hashlib
import uuid

from pydicom.uid import UID

_NAMESPACE = uuid.UUID("5b0c1a52-6a56-5b0e-9f2b-8d1d6f7c2a10")
IMPLEMENTATION_CLASS_UID = UID(f"2.25.{uuid.uuid5(_NAMESPACE, 'implementation').int}")
IMPLEMENTATION_VERSION_NAME = "YINGYUN_DEMO"


def unique_id(*names: str | int) -> UID:
    """Return the UID (PS3.5 B.2, UUID form) that belongs to these names."""
    return UID(f"2.25.{uuid.uuid5(_NAMESPACE, '/'.join(map(str, names))).int}")


def seed(*names: str | int) -> int:
    """Return the 64-bit seed that belongs to these names."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, names)).encode()).digest()[:8], "big")
