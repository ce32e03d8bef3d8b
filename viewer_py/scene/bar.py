"""The scale bar: the longest of 1, 2 or 5 · 10ⁿ mm that takes no more than its share of a pane."""

from __future__ import annotations

import math

from viewer_py.scene.model import ScaleBar

_SHARE = 0.28  # of the pane's width that the bar may take


def bar_of(pixels_a_mm: float, width: float, calibration: str = "") -> ScaleBar:
    """Return the bar for a pane `width` device pixels wide; `calibration` stands beside it."""
    longest_mm = width * _SHARE / pixels_a_mm
    power = 10.0 ** math.floor(math.log10(longest_mm))
    length_mm = next(step * power for step in (5.0, 2.0, 1.0) if step * power <= longest_mm)
    return ScaleBar(length_mm, length_mm * pixels_a_mm, calibration)
