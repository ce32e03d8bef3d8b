"""Same examination (相同检查): type, body part and position or scan method all equal (E-30)."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TABLE = Path(__file__).with_name("examinations.toml")
_Words = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Examination:
    """What is examined and how; "" stands for what is not known.

    `modality` is a type of the table (CR, DX and DR are XRAY), `body_part` a Body Part Examined
    term (PS3.16 L), with a side after a colon where one is said (KNEE:LEFT), `method` the
    positions or scan methods, joined by "+" in the table's order.
    """

    modality: str
    body_part: str
    method: str

    def is_same(self, other: Examination) -> bool:
        """Whether all three are known and equal: what is not known is not the same."""
        return all((self.modality, self.body_part, self.method)) and self == other


def examination(modality: str, body_part: str, words: str) -> Examination:
    """Return the examination that a DICOM modality, a Body Part Examined and an item's words mean.

    The words go before the body part, for devices often write a coarse one.
    """
    table = _table()
    text = words.upper()
    part = _longest(table["body_parts"], text) or _term(table["body_parts"], body_part)
    side = _longest(table["sides"], text) if part else ""
    return Examination(
        modality=_term(table["types"], modality),
        body_part=f"{part}:{side}" if side else part,
        method="+".join(
            name for name, known in table["methods"].items() if any(one in text for one in known)
        ),
    )


@functools.cache
def _table() -> Mapping[str, _Words]:
    return tomllib.loads(_TABLE.read_text(encoding="utf-8"))


def _term(words: _Words, said: str) -> str:
    """Return the value whose name or word is said exactly; what the table lacks, as it is."""
    wanted = said.strip().upper()
    return next((name for name, known in words.items() if wanted in {name, *known}), wanted)


def _longest(words: _Words, text: str) -> str:
    """Return the value of the longest word in the text."""
    found = [
        (len(one), name) for name, known in words.items() for one in known if _is_in(one, text)
    ]
    return max(found, key=lambda one: one[0])[1] if found else ""


def _is_in(word: str, text: str) -> bool:
    if not word.isascii():
        return word in text
    return re.search(rf"(?<![A-Z]){word}(?![A-Z])", text) is not None
