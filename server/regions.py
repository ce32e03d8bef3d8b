"""Administrative codes (GB/T 2260): whether a place lies in the province that a centre serves."""

from __future__ import annotations

COUNTRY_CODE = "000000"
_PROVINCE_DIGITS = 2


def in_province(region_code: str, code: str) -> bool:
    """Whether a code is of the province of `region_code`; everything is of the whole country's."""
    if region_code == COUNTRY_CODE:
        return True
    return code[:_PROVINCE_DIGITS] == region_code[:_PROVINCE_DIGITS]
