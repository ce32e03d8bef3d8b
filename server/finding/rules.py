"""Matching rules (PS3.4 C.2.2.2): whether a value is what a key asks for."""

from __future__ import annotations

import enum
import re
from functools import lru_cache

_DATE = re.compile(r"\d{8}")
_TIME = re.compile(r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?")
_INTEGER = re.compile(r"[+-]?\d{1,12}")
WILDCARDS = frozenset("*?")
LONGEST_KEY = 1024


class Kind(enum.Enum):
    """How an attribute is matched."""

    UID = enum.auto()  # single value, list of UIDs
    TEXT = enum.auto()  # single value, wildcards; letters as they are
    NAME = enum.auto()  # single value, wildcards; upper and lower case alike, any component group
    DATE = enum.auto()  # single value, range
    TIME = enum.auto()
    NUMBER = enum.auto()
    COUNTED = enum.auto()  # never matched, only returned


class MatchingKeyError(ValueError):
    """A key cannot be understood; the message is plain English and holds no value."""


def is_universal(key: str) -> bool:
    """Whether a key asks for nothing (PS3.4 C.2.2.2.3), or for anything (`*`)."""
    return key.strip(" *") == ""


def matches(kind: Kind, key: str, value: str) -> bool:
    """Whether a value is what a key asks for; several values are separated by a backslash.

    Raises MatchingKeyError.
    """
    if kind is Kind.COUNTED or is_universal(key):
        return True
    if len(key) > LONGEST_KEY and kind is not Kind.UID:
        raise MatchingKeyError("a key is too long")
    if kind is Kind.UID:
        return value in key.split("\\")
    if kind is Kind.NUMBER:
        return _same_number(key, value)
    if kind in (Kind.DATE, Kind.TIME):
        return in_range(kind, key, value)
    if kind is Kind.NAME:
        return _name_matches(key, value)
    return any(match_text(key.strip(), one) for one in value.split("\\"))


def match_text(pattern: str, text: str) -> bool:
    """Whether a text is one with wildcards `*` and `?` (PS3.4 C.2.2.2.4)."""
    return _compiled(pattern).fullmatch(text) is not None


def bounds(kind: Kind, key: str) -> tuple[str, str]:
    """Return lowest and highest value of a range or a single value, "" where it is open.

    Raises MatchingKeyError for what is no date or time (PS3.5 6.2).
    """
    form = _DATE if kind is Kind.DATE else _TIME
    plain = key.strip().replace(":", "")
    first, dash, last = plain.partition("-")
    given = [one for one in (first, last) if one]
    if not given or not all(form.fullmatch(one) for one in given):
        raise MatchingKeyError("a date or time is malformed")
    return (first, last) if dash else (first, first)


def in_range(kind: Kind, key: str, value: str) -> bool:
    """Whether a date (YYYYMMDD) or time (HHMMSS) lies in a range; both ends belong to it.

    A time of less precision stands for all of its hour or minute. Raises MatchingKeyError.
    """
    first, last = bounds(kind, key)
    short = value.split(".")[0]
    if not short:
        return False
    low, high = first.split(".")[0], last.split(".")[0]
    return (not low or short >= low.ljust(len(short), "0")) and (
        not high or short <= high.ljust(len(short), "9")
    )


def _name_matches(key: str, value: str) -> bool:
    patterns = [_folded(group) for group in key.split("=") if group.strip(" ^")]
    groups = [_folded(group) for group in value.split("=")]
    return all(any(match_text(one, group) for group in groups) for one in patterns)


def _folded(group: str) -> str:
    return group.strip(" ^").casefold()


def _same_number(key: str, value: str) -> bool:
    if not _INTEGER.fullmatch(key.strip()):
        raise MatchingKeyError("a number is malformed")
    return bool(value) and int(key) == int(value)


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Runs of stars are one star: several would make the search take for ever.
    parts = re.split(r"(\*+|\?)", pattern)
    written = "".join(
        ".*" if part.startswith("*") else "." if part == "?" else re.escape(part) for part in parts
    )
    return re.compile(written, re.DOTALL)
