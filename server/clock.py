"""The one source of the current time, so that tests can move it."""

from datetime import UTC, datetime, timedelta, timezone

# China keeps UTC+8 all the year (since 1991); what has no time zone of its own is meant in it.
CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")


def now() -> datetime:
    """Return the current instant as an aware datetime in UTC."""
    return datetime.now(UTC)
