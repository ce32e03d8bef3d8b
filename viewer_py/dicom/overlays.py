"""Overlay planes 60xx: bitmaps that lie over an image (PS3.3 C.9.2), and how they travel.

They are not part of the manifest: a plane of 512 × 512 has 32 KB of bits. All planes of a series
are one file, fetched after its frames: a head of the lengths, JSON that says what each plane is,
then each distinct bitmap once; the whole compressed with zlib (drawings shrink a hundredfold).
"""

from __future__ import annotations

import dataclasses
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

_HEAD = struct.Struct("<I")
MOST_BYTES = 256 << 20

Planes = tuple["OverlayPlane", ...]


class OverlayError(Exception):
    """The bytes are not overlays that `to_bytes` wrote."""


@dataclass(frozen=True)
class OverlayPlane:
    """One overlay plane of one frame.

    `group` is 0x6000, 0x6002 …; `kind` "G" (graphics) or "R" (region of interest). The plane's
    first pixel lies over image pixel (`origin_row`, `origin_column`), counted from 0, and may lie
    outside. `bits` are packed row by row, the first pixel in the lowest bit.
    """

    group: int
    rows: int
    columns: int
    origin_row: int
    origin_column: int
    kind: str
    bits: bytes
    label: str = ""
    description: str = ""


def to_bytes(frames: Mapping[int, Planes]) -> bytes:
    """Write the planes of the frames of a series, frame index → planes."""
    bitmaps: dict[bytes, int] = {}
    described = []
    for frame_index, planes in frames.items():
        for plane in planes:
            place = bitmaps.setdefault(plane.bits, len(bitmaps))
            words = dataclasses.asdict(plane) | {"bits": place}
            described.append([frame_index, words])
    head = json.dumps(
        {"planes": described, "lengths": [len(bits) for bits in bitmaps]},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    return zlib.compress(_HEAD.pack(len(head)) + head + b"".join(bitmaps), 9)


def from_bytes(data: bytes) -> dict[int, Planes]:
    """Read what `to_bytes` wrote. Raises OverlayError."""
    try:
        inflater = zlib.decompressobj()
        plain = inflater.decompress(data, MOST_BYTES)
        if not inflater.eof:
            raise OverlayError("the overlays are cut short")
        (length,) = _HEAD.unpack_from(plain)
        start = _HEAD.size + length
        head = json.loads(plain[_HEAD.size : start])
        bitmaps = []
        for size in head["lengths"]:
            bitmaps.append(plain[start : start + size])
            start += size
        found: dict[int, Planes] = {}
        for frame_index, words in head["planes"]:
            plane = OverlayPlane(**(words | {"bits": bitmaps[words["bits"]]}))
            found[frame_index] = (*found.get(frame_index, ()), plane)
    except (zlib.error, struct.error, ValueError, KeyError, IndexError, TypeError) as error:
        raise OverlayError("the overlays cannot be read") from error
    return found
