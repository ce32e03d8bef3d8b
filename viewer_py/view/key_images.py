"""Key images (关键影像): which images of the study a reader marked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KeyImage:
    """One marked image; `frame_number` counts from 1, `frame_index` is its place in the series."""

    series_id: str
    sop_instance_uid: str
    frame_number: int
    frame_index: int
