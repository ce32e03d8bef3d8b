"""Values of DICOM elements as text, from their bytes (PS3.5 6.2)."""

from __future__ import annotations

import re
import struct

from pydicom.uid import UID

from server.ingest.text import decode_text

MOST_LETTERS = 2000
MOST_NUMBERS = 64

# Value representation → struct letter and bytes of one value.
NUMBERS = {
    "US": ("H", 2),
    "SS": ("h", 2),
    "UL": ("I", 4),
    "SL": ("i", 4),
    "UV": ("Q", 8),
    "SV": ("q", 8),
    "FL": ("f", 4),
    "FD": ("d", 8),
    "AT": ("HH", 4),
}
BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
TEXTS = frozenset(
    (
        "AE",
        "AS",
        "CS",
        "DA",
        "DS",
        "DT",
        "IS",
        "LO",
        "LT",
        "PN",
        "SH",
        "ST",
        "TM",
        "UC",
        "UI",
        "UR",
        "UT",
    )
)
# Whose texts are written in the Specific Character Set (PS3.5 6.1.2.3).
_IN_CHARACTER_SET = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
_ONE_TEXT = frozenset({"LT", "ST", "UT", "UR"})  # a backslash in them is a letter
_LINES = re.compile(rb"\r\n|\n\r|\r|\n")


def numbers_text(raw: bytes, vr: str, *, little_endian: bool) -> tuple[str, bool]:
    """Return the numbers of a value as "1\\2\\3", and whether there are more than are shown.

    Bytes left over at the end are no number and are passed over.
    """
    letters, size = NUMBERS[vr]
    count = min(len(raw) // size, MOST_NUMBERS)
    order = "<" if little_endian else ">"
    shown = [
        _number(struct.unpack_from(order + letters, raw, place * size), vr)
        for place in range(count)
    ]
    return "\\".join(shown), len(raw) // size > MOST_NUMBERS


def _number(values: tuple[float, ...], vr: str) -> str:
    if vr == "AT":
        return f"({int(values[0]):04x},{int(values[1]):04x})"
    if vr == "FL":
        return f"{values[0]:.8g}"
    return repr(values[0])


def text_of(raw: bytes, vr: str, character_sets: list[str]) -> tuple[str, bool]:
    """Return the text of a value, lines kept, and whether it goes on after what is shown.

    What is not written as the standard or the object says is decoded by what the bytes can be
    (`server.ingest.text`).
    """
    cut = len(raw) > 8 * MOST_LETTERS
    raw = raw[: 8 * MOST_LETTERS].rstrip(b" \0")
    sets = character_sets if vr in _IN_CHARACTER_SET else []
    text = "\n".join(decode_text(line, sets) for line in _LINES.split(raw)).strip()
    if vr not in _ONE_TEXT:
        text = "\\".join(part.strip() for part in text.split("\\"))
    return text[:MOST_LETTERS], cut or len(text) > MOST_LETTERS


def uid_names(text: str) -> str:
    """Return the names of the registered UIDs in a value (PS3.6 A), "" when none is."""
    names = [(uid, str(UID(uid).name)) for uid in text.split("\\")]
    return "\\".join(name for uid, name in names if name != uid)
