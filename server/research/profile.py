"""The Basic Profile (PS3.15 table E.1-1, edition 2026c) as a table: what becomes of each attribute.

`basic_profile.csv` holds one attribute a line: its tag, hexadecimal, `x` for any digit; keyword;
action. D dummy value, Z empty, X removed, U another UID; where the table leaves a choice ("X/Z/D")
the object stays usable with what comes last, and nothing of the old value with any.
"""

from __future__ import annotations

import csv
import enum
import re
from dataclasses import dataclass
from functools import cached_property
from importlib import resources

from pydicom.dataelem import DataElement

_TABLE = "basic_profile.csv"
# Beyond the table: values of these kinds are never kept, whatever attribute they are of.
_TEXT_OF_PEOPLE = frozenset({"PN", "AE", "LT", "ST", "UT", "UC", "UR", "AS"})
_TIMES = frozenset({"DA", "TM", "DT"})
_OPAQUE = frozenset({"UN"})
_STANDARD_UID = "1.2.840.10008."


class Action(enum.Enum):
    """What becomes of an attribute."""

    KEEP = "K"
    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    NEW_UID = "U"


_ACTIONS = {
    "X": Action.REMOVE,
    "Z": Action.EMPTY,
    "D": Action.DUMMY,
    "U": Action.NEW_UID,
    "Z/D": Action.DUMMY,
    "X/Z": Action.EMPTY,
    "X/D": Action.DUMMY,
    "X/Z/D": Action.DUMMY,
    "X/Z/U*": Action.REMOVE,
}


@dataclass(frozen=True)
class Profile:
    """The actions by tag, and by patterns of tags of repeating groups."""

    rows: tuple[tuple[str, Action], ...]

    @cached_property
    def _by_tag(self) -> dict[str, Action]:
        return {tag: action for tag, action in self.rows if "x" not in tag}

    @cached_property
    def _repeating(self) -> tuple[tuple[re.Pattern[str], Action], ...]:
        return tuple(
            (re.compile(tag.replace("x", "[0-9A-F]")), action)
            for tag, action in self.rows
            if "x" in tag
        )

    def action(self, element: DataElement) -> Action:
        """Return what becomes of an element: the table's word, or else a stricter one of ours."""
        tag = f"{int(element.tag):08X}"
        if element.tag.is_private:
            return Action.REMOVE
        found = self._by_tag.get(tag)
        if found is not None:
            return found
        for pattern, action in self._repeating:
            if pattern.fullmatch(tag):
                return action
        return _beyond_the_table(element)


def _beyond_the_table(element: DataElement) -> Action:
    if element.VR in _TEXT_OF_PEOPLE | _TIMES | _OPAQUE:
        return Action.REMOVE
    if element.VR == "UI":
        values = element.value if isinstance(element.value, list) else [element.value]
        standard = all(str(one).startswith(_STANDARD_UID) for one in values if one)
        return Action.KEEP if standard else Action.NEW_UID
    return Action.KEEP


def basic_profile() -> Profile:
    """Read the table."""
    text = (resources.files(__package__) / _TABLE).read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return Profile(tuple((row["tag"], _ACTIONS[row["action"]]) for row in rows))
