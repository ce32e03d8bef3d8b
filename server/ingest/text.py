"""Text of DICOM elements, also where the declared character set is missing or wrong.

Chinese devices often write GBK bytes and declare nothing, or ISO_IR 100. What the bytes can only
be decides; a declared set that fits is believed.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence

from pydicom.charset import convert_encodings, decode_bytes

_DELIMITERS = {ord(letter) for letter in "\r\n\t\f^"}  # where ISO 2022 begins anew
_EAST_ASIAN = re.compile("[\u3040-\u9fff\uac00-\ud7af]+")  # written without a space between names
_ASCII_SETS = frozenset({"", "ISO_IR 6", "ISO 2022 IR 6"})
_LONE_LETTER = re.compile("[A-Za-z][^\0-\x7f](?![^\0-\x7f])|(?<![^\0-\x7f])[^\0-\x7f][A-Za-z]")
# ISO 2022 escapes that pydicom leaves in what it decodes (it does for ISO 2022 IR 58).
_ESCAPE = re.compile("\x1b[$]?[()-]?[@-Z]")
_LATIN = frozenset({"iso8859", "iso8859-1", "latin_1", "iso8859_1"})


def decode_text(value: bytes, character_sets: Sequence[str]) -> str:
    """Return the text of an element's value under Specific Character Set (PS3.3 C.12.1.1.2).

    Never fails: undecodable bytes fall back to UTF-8, GB 18030, then Latin-1. Padding and control
    letters are dropped.
    """
    value = value.rstrip(b" \0")
    if value.isascii() and b"\x1b" not in value:
        return _clean(value.decode("ascii"))
    return _clean(_decode(value, character_sets))


def person_name(text: str) -> str:
    """Return a PN value as people read it: the ideographic group when there is one (PS3.5 6.2)."""
    groups = [group.strip("^ ") for group in text.split("=")]
    if len(groups) > 1 and groups[1]:
        return groups[1].replace("^", "")
    alphabetic = next((group for group in groups if group), "")
    parts = [part for part in alphabetic.split("^") if part]
    return "".join(parts) if _EAST_ASIAN.fullmatch("".join(parts)) else " ".join(parts)


def _decode(value: bytes, character_sets: Sequence[str]) -> str:
    if b"\x1b" not in value and (not character_sets or character_sets[0] in _ASCII_SETS):
        return _guess(value, declared_latin=False)  # such bytes belong to no declared set
    encodings = _encodings(character_sets)
    if encodings and not _LATIN.issuperset(encodings):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                return decode_bytes(value, encodings, _DELIMITERS)
        except (UnicodeError, LookupError, Warning):
            return _guess(value, declared_latin=False)
    return _guess(value, declared_latin=any(character_sets))


def _encodings(character_sets: Sequence[str]) -> list[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return convert_encodings(list(character_sets) or None)
    except (LookupError, Warning, ValueError):
        return []


def _guess(value: bytes, *, declared_latin: bool) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            text = value.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or not declared_latin or _surely_chinese(text):
            return text
    return value.decode("latin-1")


def _surely_chinese(text: str) -> bool:
    """Whether text read as GB 18030 is not Latin-1 by chance.

    Two accented Latin letters side by side are rare, an accented one before a plain one is not:
    every Chinese letter must be of GB 2312 (both bytes above 0xA0), or begin with a byte that is
    no letter of Latin-1; and none stands alone beside a plain Latin letter (Gößmann).
    """
    if _LONE_LETTER.search(text):
        return False
    letters = [letter for letter in text if not letter.isascii()]
    return all(
        "\u4e00" <= letter <= "\u9fff" and _improbable_in_latin(letter.encode("gb18030"))
        for letter in letters
    )


def _improbable_in_latin(pair: bytes) -> bool:
    return pair[0] < 0xA0 or (0xB0 <= pair[0] <= 0xF7 and pair[1] > 0xA0)


def _clean(text: str) -> str:
    kept = (letter for letter in _ESCAPE.sub("", text) if letter.isprintable())
    return "".join(kept).strip()
