"""Numbers and days as people type them into forms and addresses: what no column holds is none."""

from __future__ import annotations

from datetime import date

_MOST_DIGITS = 9  # of an integer column, which ends at 2 147 483 647
_FIRST, _LAST = date(1900, 1, 1), date(2200, 1, 1)


def number_of(text: str) -> int | None:
    """Return a whole number from 0; None for anything else, and for what is longer than a row's."""
    digits = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if digits else None


def day_of(text: str) -> date | None:
    """Return an ISO date; None for anything else, and for days that nobody here has lived."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if _FIRST <= found <= _LAST else None
