"""Which representation a caller takes (RFC 9110 12.5.1 with the parameters of PS3.18 8.7.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
OCTETS = "application/octet-stream"
MULTIPART = "multipart/related"
ANY_SYNTAX = "*"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
MOST_RANGES = 40
_ITEM = re.compile(r'(?:[^,"]|"[^"]*")+')
_PART = re.compile(r'(?:[^;"]|"[^"]*")+')


class NotAcceptableError(ValueError):
    """None of the representations that a caller takes can be made; the message says which can."""


@dataclass(frozen=True)
class MediaRange:
    """One thing that a caller takes: a media type, alone or as the parts of a multipart answer.

    `media_type` may be `*/*` or `image/*`; `transfer_syntax` is "" where none is named.
    """

    media_type: str
    multipart: bool
    transfer_syntax: str = ""

    def takes(self, media_type: str) -> bool:
        """Whether a media type is within the range."""
        kind, _, rest = self.media_type.partition("/")
        return self.media_type in {"*/*", media_type} or (
            rest == "*" and media_type.startswith(f"{kind}/")
        )


ANYTHING = MediaRange("*/*", False)


def parse_accept(text: str) -> list[MediaRange]:
    """Return what a caller takes, what he likes best first; anything when he does not say.

    What cannot be read is passed over, as is what he refuses (q=0).
    """
    found = [_range(item) for item in _ITEM.findall(text)[:MOST_RANGES]]
    wanted = [one for one in found if one is not None and one[0] > 0]
    wanted.sort(key=lambda one: -one[0])
    return [one for _, one in wanted] or ([ANYTHING] if not text.strip() else [])


def parse_media_type(text: str) -> tuple[str, dict[str, str]]:
    """Return a media type in small letters and its parameters, quotes removed."""
    first, *rest = _PART.findall(text) or [""]
    pairs = (part.partition("=") for part in rest)
    parameters = {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
    return first.strip().lower(), parameters


def _range(item: str) -> tuple[float, MediaRange] | None:
    media_type, parameters = parse_media_type(item)
    if "/" not in media_type:
        return None
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        return None
    syntax = parameters.get("transfer-syntax", "")
    if media_type == MULTIPART:
        inner = parameters.get("type", "*/*").lower()
        return quality, MediaRange(inner, True, syntax)
    return quality, MediaRange(media_type, False, syntax)
