"""How much one delivery may ask of the machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class IngestLimits:
    """Limits against deliveries that are made, or happen, to exhaust the machine.

    An object is held in memory once, so `object_bytes` bounds the memory of an ingest.
    """

    object_bytes: int = 1 << 30
    inflated_bytes: int = 256 << 20  # the data set of a deflated object (PS3.5 A.5)
    archive_entries: int = 200_000
    archive_bytes: int = 64 << 30
    archive_ratio: int = 200  # above `archive_ratio_from` bytes; images rarely pass 20
    archive_ratio_from: int = 16 << 20
    # One decoded frame: more than the largest mammogram (56 MB). Its pictures take ten times that.
    frame_bytes: int = 80 << 20
    pixel_bytes: int = 16 << 30  # all frames of an object, decoded
    elements: int = 2_000_000
    depth: int = 32
