"""The reference picture of one frame: stored values in, greys out (PS3.3 C.7.6.3, C.11)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.dicom.overlays import Planes
from viewer_py.pixels import overlays
from viewer_py.pixels.modality import rescale
from viewer_py.pixels.transfer import (
    DisplayTransfer,
    display_transfer,
    grey_table,
    is_padding,
    shade,
)
from viewer_py.pixels.voi import Window


def modality_values(stored: NDArray[Any], frame: FrameAttributes) -> NDArray[np.float32]:
    """Return the modality values (HU for CT) of stored values, same shape (PS3.3 C.11.1).

    Rescale or Modality LUT is applied here and nowhere before: `stored` is as decoded, masked to
    the bits stored. Padding is not treated. Exact for whole results up to 2**24.
    """
    return rescale(stored, frame).astype(np.float32)


def display(
    stored: NDArray[Any],
    frame: FrameAttributes,
    window: Window | None = None,
    inverted: bool = False,
    planes: Planes = (),
) -> NDArray[np.uint8]:
    """Return the picture of a frame, (rows, columns) grey or (rows, columns, 3) RGB.

    `stored` has that same shape. `window` None is the default picture of the frame;
    `transfer.display_transfer` says which that is, and what is raised. `planes` are the overlays to
    be drawn over it.
    """
    transfer = display_transfer(frame, window, inverted)
    if stored.dtype.kind in "iub" and stored.dtype.itemsize <= 2:
        greys = _by_table(stored, transfer)
    else:
        greys = shade(transfer, stored.astype(np.float64))
        greys[is_padding(transfer, stored)] = transfer.padding_grey
    if planes:
        overlays.burn(greys, overlays.mask(planes, *stored.shape[:2]), inverted)
    return greys


def _by_table(stored: NDArray[Any], transfer: DisplayTransfer) -> NDArray[np.uint8]:
    """Look each value up in a table over its whole type, so that no value can miss it."""
    bits = 8 * stored.dtype.itemsize
    unsigned = np.dtype(f"u{stored.dtype.itemsize}")
    native = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    if stored.dtype.kind == "i":
        half = 1 << (bits - 1)
        # A negative value, read as unsigned, lies in the upper half.
        table = np.roll(grey_table(transfer, -half, half - 1), half)
    else:
        table = grey_table(transfer, 0, (1 << bits) - 1)
    return np.take(table, native.view(unsigned))
