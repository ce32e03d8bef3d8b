"""The moment to which a PET series with decay correction START is corrected (PS3.3 C.8.9.1.1)."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import numpy as np

from viewer_py.dicom.manifest import FrameAttributes, PetAttributes

# The moments that the frames of one series are corrected to may differ by this much, in s.
LARGEST_SPREAD = 5.0
# One time may be written with a fraction of a second and another without.
SAME_MOMENT = timedelta(seconds=1)


def is_positive(value: float | None) -> bool:
    """Say whether a number is there, finite and above 0."""
    return value is not None and math.isfinite(value) and value > 0


def scan_start(frames: tuple[FrameAttributes, ...], pet: PetAttributes) -> datetime | None:
    """Return the moment that values with decay correction START are corrected to.

    The first of these that is known:

    1. Decay Correction DateTime;
    2. the date and time of the series, unless a frame was acquired earlier: then it is the moment
       when the series was made, later than the scan;
    3. the private scan date and time of GE;
    4. where every frame tells it, what it was acquired at, back by its Frame Reference Time or by
       its Decay Factor (the moment of a frame is that of its mean count rate).
    """
    stated = moment(pet.decay_correction_datetime)
    if stated is not None:
        return stated
    acquired = [found for frame in frames if (found := moment(frame.acquisition_datetime))]
    series = moment(pet.series_datetime)
    if series is not None and (not acquired or series <= min(acquired) + SAME_MOMENT):
        return series
    return moment(pet.ge_scan_datetime) or _computed_start(frames, pet.radionuclide_half_life)


def _computed_start(
    frames: tuple[FrameAttributes, ...], half_life: float | None
) -> datetime | None:
    if half_life is None or not is_positive(half_life):
        return None
    starts = []
    for frame in frames:
        acquired = moment(frame.acquisition_datetime)
        back = _since_start(frame, half_life)
        if acquired is None or back is None:
            return None
        starts.append(acquired - timedelta(seconds=back))
    if not starts or (max(starts) - min(starts)).total_seconds() > LARGEST_SPREAD:
        return None
    first = min(starts)
    return first + timedelta(
        seconds=float(np.median([(one - first).total_seconds() for one in starts]))
    )


def _since_start(frame: FrameAttributes, half_life: float) -> float | None:
    """Return the seconds from the start of the scan to the start of the frame's acquisition."""
    decay = math.log(2.0) / half_life
    if not is_positive(frame.actual_frame_duration):
        return None
    assert frame.actual_frame_duration is not None
    during = decay * frame.actual_frame_duration / 1000.0
    # When the decaying count rate has its mean over the frame.
    mean_rate = math.log(during / -math.expm1(-during)) / decay
    if frame.frame_reference_time is not None and is_positive(frame.frame_reference_time):
        return frame.frame_reference_time / 1000.0 - mean_rate
    if frame.decay_factor is not None and frame.decay_factor > 1.0:
        return math.log(frame.decay_factor) / decay - mean_rate
    return None


def moment(text: str) -> datetime | None:
    """Return an ISO date-time; None for "" and for a date without a time."""
    if "T" not in text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
