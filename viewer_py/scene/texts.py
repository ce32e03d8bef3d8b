"""Values of DICOM attributes as the corners write them; "-" stands for what is not given."""

from __future__ import annotations

MISSING = "-"
SEXES = {"M": "男", "F": "女", "O": "其他"}


def or_missing(text: str) -> str:
    """Return a text, or the sign that there is none."""
    return text.strip() or MISSING


def quantity(value: float | None, unit: str = "", digits: int = 1) -> str:
    """Return a number with at most so many decimals and its unit; a sign where it is absent."""
    if value is None:
        return MISSING
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"
    return f"{text} {unit}".strip()


def person_name(name: str) -> str:
    """Return a DICOM person name for reading: the ideographic group if there is one (PS3.5 6.2)."""
    groups = [group.strip(" ^") for group in name.split("=")]
    chosen = next((group for group in groups[1:2] if group), groups[0])
    return " ".join(part for part in chosen.split("^") if part)


_AGE_UNITS = {"Y": "岁", "M": "月", "W": "周", "D": "天"}


def age_text(age: str) -> str:
    """Return an age string (AS, PS3.5 6.2: "045Y") as Chinese reads it."""
    if len(age) == 4 and age[:3].isdigit() and age[3] in _AGE_UNITS:
        return f"{int(age[:3])}{_AGE_UNITS[age[3]]}"
    return or_missing(age)


def date_text(value: str) -> str:
    """Return "2026-03-09 14:05" from DICOM or ISO dates and times, as much as is there."""
    digits = "".join(character for character in value.split("+")[0] if character.isdigit())
    if len(digits) < 8:
        return or_missing(value)
    day = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
    return f"{day} {digits[8:10]}:{digits[10:12]}" if len(digits) >= 12 else day
