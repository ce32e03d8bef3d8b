"""How much one delivery may ask of the machine."""

from __future__ import annotations

from dataclasses import dataclass

from server.settings import Settings


@dataclass(frozen=True)
class IngestLimits:
    """Limits against deliveries that are made, or happen, to exhaust the machine.

    What comes over the network is spooled (`server.ingest.spool`), what is read from a file is
    held in memory once.
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

    @classmethod
    def of(cls, settings: Settings) -> IngestLimits:
        """Return the limits of an installation: `YINGYUN_OBJECT_MEGABYTES` for one object."""
        return cls(object_bytes=settings.object_megabytes << 20)
