"""The modality transformation: which stored values are which modality values (PS3.3 C.11.1)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.manifest import FrameAttributes, LookupTable


class UnsupportedPixelsError(ValueError):
    """The object describes its greys in a way that cannot be drawn correctly."""


def apply_table(table: LookupTable, values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the table's entries for `values`, of any shape, each rounded to the nearest input.

    Below and above the table its first and last entry hold (PS3.3 C.11.1.1). Raises
    UnsupportedPixelsError for a table without entries.
    """
    if not table.values:
        raise UnsupportedPixelsError("a lookup table of the object is empty")
    entries = np.asarray(table.values, dtype=np.float64)
    index = np.clip(np.floor(values - (table.first_mapped - 0.5)), 0, len(entries) - 1)
    return np.take(entries, index.astype(np.intp))


def rescale(stored: NDArray[Any], frame: FrameAttributes) -> NDArray[np.float64]:
    """Return the modality values (HU for CT) of stored values, by Modality LUT or by rescale.

    Raises UnsupportedPixelsError for a Modality LUT without entries.
    """
    values = np.asarray(stored, dtype=np.float64)
    if frame.modality_lut is not None:
        return apply_table(frame.modality_lut, values)
    return values * frame.rescale_slope + frame.rescale_intercept


def modality_range(frame: FrameAttributes) -> tuple[float, float]:
    """Return the smallest and the largest modality value of the frame, its padding left out.

    With a Modality LUT: of all entries that its stored values can reach.
    """
    ends = rescale(np.array([frame.smallest_value, frame.largest_value]), frame)
    if frame.modality_lut is not None:
        table = frame.modality_lut
        first = max(int(frame.smallest_value) - table.first_mapped, 0)
        reached = table.values[first : max(int(frame.largest_value) - table.first_mapped + 1, 0)]
        ends = np.append(ends, reached)
    return float(ends.min()), float(ends.max())
