"""From a stored value to a grey on the screen, as plain data and as the reference formula.

The chain is stored value → rescale or Modality LUT → VOI → inversion (PS3.3 C.11, PS3.4 N.2).
Every renderer follows this one description; the formulas in `shade` are what a shader copies.

* Grey is 0…255, rounded to the nearest, halves up.
* Presentation LUT Shape INVERSE inverts after the VOI. Where the object states no shape,
  MONOCHROME1 does; MONOCHROME1 with INVERSE, as PS3.3 C.8.11.3 couples them, inverts once, and
  IDENTITY with MONOCHROME1 not at all: the shape is the later word (DCMTK, pydicom and Weasis read
  it so). The reader's own inversion comes on top: 255 - p.
* Pixel padding is no image: it is drawn black whatever the window and the photometric
  interpretation. The reader's inversion turns it white with all the rest, so that p becomes 255 - p
  in every pixel (B-27), as DCMTK and cornerstone do.
* A colour image runs each sample through LINEAR with the window, by default one that changes
  nothing.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.manifest import FrameAttributes, LookupTable
from viewer_py.pixels import voi
from viewer_py.pixels.modality import UnsupportedPixelsError, apply_table, rescale
from viewer_py.pixels.voi import Window

LARGEST_LUT = 1 << 16


class TransferMode(enum.StrEnum):
    """Which formula turns a stored value into a grey."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"
    LUT = "LUT"
    COLOR = "COLOR"


@dataclass(frozen=True)
class DisplayTransfer:
    """All that a renderer needs to turn the stored values of one frame into greys.

    Modes LINEAR, LINEAR_EXACT, SIGMOID: modality value x = slope · stored + intercept, then the
    window (center, width). Mode LUT: `lut[round(stored) - lut_first]`, its ends holding beyond
    them. Mode COLOR: each sample as LINEAR. `invert` applies to the result. Stored values from
    `padding_low` to `padding_high` are padding when `has_padding`, and become `padding_grey`.
    """

    mode: TransferMode
    slope: float = 1.0
    intercept: float = 0.0
    center: float = 0.5
    width: float = 1.0
    invert: bool = False
    has_padding: bool = False
    padding_low: float = 0
    padding_high: float = 0
    padding_grey: int = 0
    lut_first: int = 0
    lut: bytes = b""

    def bounds(self) -> tuple[float, float]:
        """Return the modality values that are drawn black and white (see `voi.bounds`).

        Mode LUT has none: there its window, if any, is already in the table.
        """
        function = voi.LINEAR if self.mode is TransferMode.COLOR else self.mode.value
        return voi.bounds(Window(self.center, self.width, function))


def display_transfer(
    frame: FrameAttributes, window: Window | None = None, inverted: bool = False
) -> DisplayTransfer:
    """Return the transfer of one frame under `window`.

    `window` None is the default picture: the first VOI LUT of the object when it has one (the maker
    chose its shape; a window beside it is its approximation), else `voi.default_window`.

    Raises UnsupportedPixelsError (a ValueError) when a lookup table is empty or cannot be written
    out over the stored values, ValueError for a window that is not finite.
    """
    chosen = voi.usable(window or voi.default_window(frame))
    if voi.is_color(frame):
        return DisplayTransfer(
            TransferMode.COLOR, center=chosen.center, width=chosen.width, invert=inverted
        )
    voi_lut = frame.voi_luts[0] if window is None and frame.voi_luts else None
    low, high, has_padding = _padding(frame)
    parts = DisplayTransfer(
        mode=TransferMode(chosen.function),
        slope=frame.rescale_slope,
        intercept=frame.rescale_intercept,
        center=chosen.center,
        width=chosen.width,
        invert=_natively_inverted(frame) != inverted,
        has_padding=has_padding,
        padding_low=low,
        padding_high=high,
        padding_grey=255 if inverted else 0,
    )
    if voi_lut is None and frame.modality_lut is None:
        return parts
    return _written_out(parts, frame, voi_lut)


def shade(transfer: DisplayTransfer, stored: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the greys of stored values, whole or interpolated, of any shape; padding is not seen.

    The arithmetic is in the precision of `stored` (float32 or float64).
    """
    if transfer.mode is TransferMode.LUT:
        table = np.frombuffer(transfer.lut, dtype=np.uint8)
        index = np.floor(stored - (transfer.lut_first - 0.5))
        looked_up = np.take(table, np.clip(index, 0, len(table) - 1).astype(np.intp))
        return np.invert(looked_up) if transfer.invert else looked_up
    if transfer.mode is TransferMode.SIGMOID:
        share = _sigmoid(transfer, stored)
    else:
        share = _ramp(transfer, stored)
    share *= 255.0
    share += 0.5
    greys: NDArray[np.uint8] = share.astype(np.uint8)
    # 255 - p is the complement of all eight bits.
    return np.invert(greys, out=greys) if transfer.invert else greys


def is_padding(transfer: DisplayTransfer, stored: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which of the (whole) stored values are padding."""
    if not transfer.has_padding:
        return np.zeros(stored.shape, dtype=np.bool_)
    inside: NDArray[np.bool_] = (stored >= transfer.padding_low) & (stored <= transfer.padding_high)
    return inside


def grey_table(transfer: DisplayTransfer, first: int, last: int) -> NDArray[np.uint8]:
    """Return the greys of the stored values `first` to `last`, padding drawn."""
    stored = np.arange(first, last + 1, dtype=np.float64)
    greys = shade(transfer, stored)
    greys[is_padding(transfer, stored)] = transfer.padding_grey
    return greys


def _natively_inverted(frame: FrameAttributes) -> bool:
    if frame.presentation_lut_shape in ("IDENTITY", "INVERSE"):
        return frame.presentation_lut_shape == "INVERSE"
    return frame.photometric_interpretation == "MONOCHROME1"


def _padding(frame: FrameAttributes) -> tuple[float, float, bool]:
    """Return the padding range, both ends in it (PS3.3 C.7.5.1.1.2), and whether there is one."""
    value = frame.pixel_padding_value
    if value is None:
        return 0, 0, False
    limit = frame.pixel_padding_range_limit
    other = value if limit is None else limit
    return min(value, other), max(value, other), True


def _ramp(transfer: DisplayTransfer, stored: NDArray[Any]) -> NDArray[Any]:
    """Return 0…1 by PS3.3 C.11.2.1.2.1 and C.11.2.1.3.2, the rescale folded into one product."""
    low, high = transfer.bounds()
    if high <= low:  # LINEAR of width 1 is a threshold
        modality = stored * transfer.slope + transfer.intercept
        above: NDArray[Any] = (modality > low).astype(stored.dtype)
        return above
    share = stored * (transfer.slope / (high - low))
    share += (transfer.intercept - low) / (high - low)
    return np.clip(share, 0.0, 1.0, out=share)


def _sigmoid(transfer: DisplayTransfer, stored: NDArray[Any]) -> NDArray[Any]:
    """Return 0…1 by PS3.3 C.11.2.1.3.1."""
    exponent = stored * (-4.0 * transfer.slope / transfer.width)
    exponent += -4.0 * (transfer.intercept - transfer.center) / transfer.width
    # exp overflows in float32 above 88; at 60 the grey has long been 0.
    share: NDArray[Any] = 1.0 / (1.0 + np.exp(np.clip(exponent, -60.0, 60.0)))
    return share


def _written_out(
    parts: DisplayTransfer, frame: FrameAttributes, voi_lut: LookupTable | None
) -> DisplayTransfer:
    """Return the transfer as one table over stored values: Modality LUT and VOI (LUT) together."""
    first, last = _table_range(frame, voi_lut)
    if last - first >= LARGEST_LUT:
        raise UnsupportedPixelsError("the VOI LUT spans more stored values than a table can hold")
    stored = np.arange(first, last + 1, dtype=np.float64)
    modality = rescale(stored, frame)
    if voi_lut is not None:
        share = apply_table(voi_lut, modality) / _largest_output(voi_lut)
        greys = np.floor(share * 255.0 + 0.5).astype(np.uint8)
    else:
        greys = shade(DisplayTransfer(parts.mode, center=parts.center, width=parts.width), modality)
    return replace(parts, mode=TransferMode.LUT, lut_first=first, lut=greys.tobytes())


def _largest_output(table: LookupTable) -> int:
    """Return what the table calls white; entries above its stated bits prove the bits wrong."""
    stated = (1 << table.bits) - 1
    return stated if max(1, *table.values) <= stated else 65535


def _table_range(frame: FrameAttributes, voi_lut: LookupTable | None) -> tuple[int, int]:
    """Return the first and last stored value beyond which the greys no longer change."""
    if frame.modality_lut is not None:
        first = frame.modality_lut.first_mapped
        return first, first + len(frame.modality_lut.values) - 1
    lowest = -(1 << (frame.bits_stored - 1)) if frame.signed else 0
    highest = lowest + (1 << frame.bits_stored) - 1
    if voi_lut is None or frame.rescale_slope == 0.0:
        return lowest, lowest
    ends = [
        (modality - frame.rescale_intercept) / frame.rescale_slope
        for modality in (voi_lut.first_mapped, voi_lut.first_mapped + len(voi_lut.values) - 1)
    ]
    first = min(max(math.floor(min(ends)), lowest), highest)
    last = min(max(math.ceil(max(ends)), lowest), highest)
    return first, last
