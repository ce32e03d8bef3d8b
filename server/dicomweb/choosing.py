"""Which of the representations that a caller takes is sent (PS3.18 8.7.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.dicomweb.frames import stored_type
from server.dicomweb.media_types import (
    ANY_SYNTAX,
    DICOM,
    EXPLICIT_LITTLE_ENDIAN,
    OCTETS,
    MediaRange,
    NotAcceptableError,
)
from server.dicomweb.objects import StoredObject


@dataclass(frozen=True)
class Choice:
    """What is sent: `as_stored`, or converted to Explicit VR Little Endian; in parts or alone."""

    media_type: str
    as_stored: bool
    multipart: bool

    def content_type(self, stored: StoredObject) -> str:
        """Return the media type of one object or frame, with its transfer syntax."""
        syntax = stored.transfer_syntax_uid if self.as_stored else EXPLICIT_LITTLE_ENDIAN
        return f"{self.media_type}; transfer-syntax={syntax}"


def choose_dicom(wanted: Sequence[MediaRange], found: Sequence[StoredObject]) -> Choice:
    """Choose how data sets are sent. Raises NotAcceptableError.

    Without `transfer-syntax` they come in Explicit VR Little Endian (PS3.18 8.7.3.4.1). Alone, not
    as a part, can only be a single object.
    """
    for one in wanted:
        if not one.takes(DICOM) or not (one.multipart or _alone(one, len(found))):
            continue
        multipart = one.multipart or one.media_type != DICOM
        if one.transfer_syntax == ANY_SYNTAX:
            return Choice(DICOM, True, multipart)
        if one.transfer_syntax in {"", EXPLICIT_LITTLE_ENDIAN}:
            return Choice(DICOM, False, multipart)
        if all(item.transfer_syntax_uid == one.transfer_syntax for item in found):
            return Choice(DICOM, True, multipart)
    raise NotAcceptableError(
        "只能以存储的传输语法（transfer-syntax=*）或 Explicit VR Little Endian 提供 / "
        "there is the stored transfer syntax (transfer-syntax=*) and Explicit VR Little Endian, "
        'as multipart/related; type="application/dicom", or alone for a single object'
    )


def choose_frames(wanted: Sequence[MediaRange], stored: StoredObject, count: int) -> Choice:
    """Choose how frames are sent. Raises NotAcceptableError.

    Octets without `transfer-syntax` are native pixels, little endian; with `*` they are what is
    stored, as is the media type of the stored codestream.
    """
    kept = stored_type(stored)
    for one in wanted:
        if not one.multipart and count > 1 and one.media_type != "*/*":
            continue
        multipart = one.multipart or one.media_type == "*/*"
        if one.takes(OCTETS) and one.transfer_syntax in {"", EXPLICIT_LITTLE_ENDIAN}:
            return Choice(OCTETS, False, multipart)
        any_kept = one.takes(kept) or one.media_type == OCTETS
        if any_kept and one.transfer_syntax in {"", ANY_SYNTAX, stored.transfer_syntax_uid}:
            return Choice(kept, True, multipart)
    raise NotAcceptableError(
        f"帧只能以 {OCTETS} 或存储的 {kept} 提供 / "
        f"frames are {OCTETS}, or {kept} as they are stored, in multipart/related"
    )


def choose_octets(wanted: Sequence[MediaRange]) -> bool:
    """Return whether bulk data is sent as a part of a multipart answer, else alone.

    Raises NotAcceptableError.
    """
    for one in wanted:
        if one.takes(OCTETS):
            return one.multipart or one.media_type == "*/*"
    raise NotAcceptableError(f"只能以 {OCTETS} 提供 / the data is {OCTETS}")


def _alone(wanted: MediaRange, count: int) -> bool:
    return count == 1 or wanted.media_type == "*/*"
