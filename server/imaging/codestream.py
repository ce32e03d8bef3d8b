"""What a compressed frame says of its own size, before a codec makes room for it.

A codec believes its codestream: a few bytes that claim 60000 × 60000 pixels take the memory of the
machine, whatever Rows and Columns say. So the two are compared first.
"""

from __future__ import annotations

import struct

_JPEG_START = b"\xff\xd8"
# Frame heads: SOF0…SOF15 without DHT, JPG and DAC (ISO/IEC 10918-1 B.1.1.3), and SOF55 of JPEG-LS.
_FRAME_HEADS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
_ALONE = frozenset(range(0xD0, 0xDA)) | {0x01}  # markers without a segment
_SCAN = 0xDA
_J2K_SIZE = b"\xff\x4f\xff\x51"  # SOC, SIZ (ISO/IEC 15444-1 A.5.1)
_J2K_WRAPPER = 1 << 10  # bytes within which the codestream of a (wrong, but seen) JP2 file begins


def stated_size(encoded: bytes) -> tuple[int, int] | None:
    """Return (rows, columns) that a JPEG, JPEG-LS, JPEG 2000 or HTJ2K codestream states.

    None when it states none where it should, or the bytes are of another kind.
    """
    if encoded.startswith(_JPEG_START):
        return _jpeg_size(encoded)
    start = encoded.find(_J2K_SIZE, 0, _J2K_WRAPPER)
    if start < 0 or start + 24 > len(encoded):
        return None
    right, lower, left, upper = struct.unpack_from(">IIII", encoded, start + 8)
    return lower - upper, right - left


def _jpeg_size(encoded: bytes) -> tuple[int, int] | None:
    position = len(_JPEG_START)
    while position + 4 <= len(encoded):
        if encoded[position] != 0xFF:
            return None
        marker = encoded[position + 1]
        if marker == 0xFF:  # fill
            position += 1
            continue
        if marker in _FRAME_HEADS and position + 9 <= len(encoded):
            rows, columns = struct.unpack_from(">HH", encoded, position + 5)
            return rows, columns
        if marker == _SCAN:
            return None
        length = struct.unpack_from(">H", encoded, position + 2)[0]
        position += 2 if marker in _ALONE else 2 + length
    return None
