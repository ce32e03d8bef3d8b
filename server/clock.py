"""The one source of the current time, so that tests can move it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current instant as an aware datetime in UTC."""
    return datetime.now(UTC)
