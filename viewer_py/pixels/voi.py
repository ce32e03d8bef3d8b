"""The VOI transformation: which modality values become which grey (PS3.3 C.11.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.pixels.modality import modality_range

LINEAR = "LINEAR"
LINEAR_EXACT = "LINEAR_EXACT"
SIGMOID = "SIGMOID"
FUNCTIONS = (LINEAR, LINEAR_EXACT, SIGMOID)

# PS3.3 C.11.2.1.2.1: a LINEAR width "shall always be greater than or equal to 1".
SMALLEST_LINEAR_WIDTH = 1.0
# PS3.3 C.11.2.1.3: the other widths "shall be greater than 0"; this is our smallest.
SMALLEST_WIDTH = 1e-6


@dataclass(frozen=True)
class Window:
    """A grey window in modality values (HU for CT).

    `function` is LINEAR, LINEAR_EXACT or SIGMOID (PS3.3 C.11.2.1.2, C.11.2.1.3).
    """

    center: float
    width: float
    function: str = LINEAR


def usable(window: Window) -> Window:
    """Return the window with the smallest width its function allows, if it was narrower.

    Raises ValueError for a center or width that is not finite, or an unknown function.
    """
    if not (math.isfinite(window.center) and math.isfinite(window.width)):
        raise ValueError("window center and width must be finite numbers")
    if window.function not in FUNCTIONS:
        raise ValueError(f"VOI LUT function {window.function!r} is not known")
    smallest = SMALLEST_LINEAR_WIDTH if window.function == LINEAR else SMALLEST_WIDTH
    return Window(window.center, max(window.width, smallest), window.function)


def bounds(window: Window) -> tuple[float, float]:
    """Return the modality values at which the ramp leaves black and reaches white.

    For SIGMOID, which reaches neither, the bounds are where its tangent in the centre does.
    """
    if window.function == LINEAR:
        middle, half = window.center - 0.5, (window.width - 1.0) / 2.0
    else:
        middle, half = window.center, window.width / 2.0
    return middle - half, middle + half


def from_bounds(low: float, high: float) -> Window:
    """Return the LINEAR window that draws `low` black and `high` white (`low` <= `high`)."""
    return Window(center=(low + high + 1.0) / 2.0, width=high - low + 1.0)


def file_windows(frame: FrameAttributes) -> tuple[Window, ...]:
    """Return every usable window that the object itself carries, in its order.

    A pair with a width of 0 or less, or that is not finite, is left out. A LINEAR width between 0
    and 1 breaks PS3.3 C.11.2.1.2.1 and can only mean a ramp of just that width (PET, parametric
    maps): it is read as LINEAR_EXACT. An unknown function is read as LINEAR, the default.
    """
    named = frame.voi_lut_function
    function = named if named in FUNCTIONS else LINEAR
    windows = []
    for center, width in zip(frame.window_center, frame.window_width, strict=False):
        if not (math.isfinite(center) and math.isfinite(width)) or width <= 0:
            continue
        too_narrow = function == LINEAR and width < SMALLEST_LINEAR_WIDTH
        windows.append(Window(center, width, LINEAR_EXACT if too_narrow else function))
    return tuple(windows)


def is_color(frame: FrameAttributes) -> bool:
    """Say whether a pixel is a colour (three samples, RGB of 8 bits) and not a grey value."""
    return frame.samples_per_pixel > 1


def full_range(frame: FrameAttributes) -> Window:
    """Return the window over all modality values of the frame, its padding left out."""
    return from_bounds(0, 255) if is_color(frame) else from_bounds(*modality_range(frame))


def default_window(frame: FrameAttributes) -> Window:
    """Return the window that the frame starts with, and that an adjustment starts from.

    That is the first usable window of the object, else the input range of its first VOI LUT, else
    its full range. (The default *picture* uses the VOI LUT first, see `transfer.display_transfer`.)
    A colour image has none of its own: its window is the range of a sample, and changes nothing.
    """
    if is_color(frame):
        return full_range(frame)
    windows = file_windows(frame)
    if windows:
        return windows[0]
    if frame.voi_luts and frame.voi_luts[0].values:
        table = frame.voi_luts[0]
        return from_bounds(table.first_mapped, table.first_mapped + len(table.values) - 1)
    return full_range(frame)
