"""What a new annotation gets that no other has: its id, and the time it was made."""

from __future__ import annotations

import os
import time


def new_id() -> str:
    """Return an id of 32 hexadecimal digits that no other device makes."""
    return os.urandom(16).hex()


def now() -> str:
    """Return the time, ISO 8601 in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
