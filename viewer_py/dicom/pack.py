"""The frame pack on the wire: frames of one series, each behind a small head.

A pack is a sequence of records: frame index (uint32), codec (uint32), payload length (uint32), all
little endian, then the payload. Records come in the order the reader asked for, nearest first.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass

HEAD = struct.Struct("<III")


class FrameCodec(enum.IntEnum):
    """How the payload of one frame is written; every codec is lossless."""

    RAW = 0  # stored values, little endian, row by row, samples interleaved
    HTJ2K = 1  # ISO/IEC 15444-15, one codestream a frame


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
