"""The frame pack on the wire: frames of one series, each behind a small head.

A pack is a sequence of records: frame index (uint32), codec (uint32), payload length (uint32), all
little endian, then the payload. Records come in the order the reader asked for, nearest first.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from viewer_py.dicom.manifest import FrameAttributes

HEAD = struct.Struct("<III")


class FrameCodec(enum.IntEnum):
    """How the payload of one frame is written; decoding gives the stored values exactly."""

    RAW = 0  # stored values, little endian, row by row, samples interleaved
    HTJ2K = 1  # ISO/IEC 15444-15, one codestream a frame
    JPEG_LS = 2  # ISO/IEC 14495-1
    JPEG_2000 = 3  # ISO/IEC 15444-1, one codestream a frame
    JPEG = 4  # ISO/IEC 10918-1, sequential DCT, 8 bits
    DEFLATE = 5  # what RAW would be, in zlib's format (RFC 1950)


@dataclass(frozen=True)
class FrameRecord:
    """The head of one frame in a pack."""

    frame_index: int
    codec: FrameCodec
    payload_length: int

    def to_bytes(self) -> bytes:
        """Write the 12-byte head."""
        return HEAD.pack(self.frame_index, self.codec, self.payload_length)


def read_head(data: bytes) -> FrameRecord:
    """Read the 12-byte head at the start of `data`.

    Raises ValueError when the codec is unknown, struct.error when `data` is too short.
    """
    frame_index, codec, payload_length = HEAD.unpack_from(data)
    return FrameRecord(frame_index, FrameCodec(codec), payload_length)


def wire_dtype(frame: FrameAttributes) -> np.dtype[Any]:
    """Return the dtype of a frame's stored values once they are decoded.

    Unsigned values of up to 8 bits are uint8, others of up to 16 bits uint16 or int16, the rest
    uint32 or int32, little endian; floating ones are float32. Signed values of 8 bits take 16,
    because the browser's HTJ2K decoder reads 8 bits as unsigned.
    """
    if frame.floating:
        return np.dtype("<f4")
    if frame.samples_per_pixel > 1 or (frame.bits_stored <= 8 and not frame.signed):
        return np.dtype("u1")
    width = 2 if frame.bits_stored <= 16 else 4
    return np.dtype(f"<{'i' if frame.signed else 'u'}{width}")
