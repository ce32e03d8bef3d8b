"""Standardised uptake values by body weight (SUVbw) of a PET series, or why there are none."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from viewer_py.dicom.manifest import SeriesManifest


class SuvReason(enum.StrEnum):
    """Why a series has no SUV."""

    NOT_PET = "not-pet"


@dataclass(frozen=True)
class SuvScale:
    """`factors[f]` times the modality value of frame f is its SUVbw in g/ml; None without one."""

    factors: tuple[float, ...] | None
    reasons: tuple[SuvReason, ...] = ()


def suv_bw(series: SeriesManifest) -> SuvScale:
    """Return the SUVbw factor of each frame of a PET series, or the reasons why there is none."""
    if series.modality != "PT" or not series.frames:
        return SuvScale(None, (SuvReason.NOT_PET,))
    return SuvScale(None, (SuvReason.NOT_PET,))
