"""The transfer from modality values to greys, for pictures cut out of a volume."""

from __future__ import annotations

from dataclasses import replace

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.pixels.transfer import DisplayTransfer, TransferMode, display_transfer
from viewer_py.pixels.voi import Window, default_window

# Colours that are finished already: LINEAR over 0…255.
UNCHANGED = DisplayTransfer(TransferMode.COLOR, center=128.0, width=256.0)


def modality_transfer(
    frame: FrameAttributes, window: Window | None = None, inverted: bool = False
) -> DisplayTransfer:
    """Return the transfer of modality values under `window`, as `display_transfer` would draw them.

    `frame` is any frame of the volume: the rescale and the Modality LUT are done with, the VOI LUT,
    MONOCHROME1 and the Presentation LUT are not. What has no data is black, inverted or not: it is
    no part of the image. Raises what `display_transfer` raises.
    """
    chosen = window
    if window is None and not frame.voi_luts:
        chosen = default_window(frame)
    # 17 bits with a sign: no VOI LUT lies outside of them.
    done = replace(
        frame,
        rescale_slope=1.0,
        rescale_intercept=0.0,
        modality_lut=None,
        pixel_padding_value=None,
        pixel_padding_range_limit=None,
        bits_stored=17,
        signed=True,
    )
    return replace(display_transfer(done, chosen, inverted), padding_grey=0)
