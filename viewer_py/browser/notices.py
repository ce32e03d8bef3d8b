"""What the page is told of loading in words of its own."""

from __future__ import annotations

import enum


class Notice(enum.StrEnum):
    """What the page is told in words of its own."""

    NONE = ""
    RETRYING = "retrying"
    INCOMPLETE = "incomplete"
    ENDED = "ended"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    WINDOWED = "windowed"


def access_ended(status: int) -> bool:
    """Tell whether an HTTP status means that this reader may not look any more."""
    return status in (401, 403, 410)
