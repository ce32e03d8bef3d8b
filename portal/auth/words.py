"""How times and refusals of signing in are said."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask_babel import format_time

from portal.i18n import current_language


def clock_time(moment: datetime) -> str:
    """Return the next whole minute: at the one that has begun a try would still be refused."""
    return str(format_time(moment + timedelta(minutes=1), "HH:mm"))


def in_language(error: Exception) -> str:
    """Return the half of a message in two languages ("中文 / English") that the reader reads."""
    chinese, _slash, english = str(error).partition(" / ")
    return english.capitalize() if english and current_language() == "en" else chinese
