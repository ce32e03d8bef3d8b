"""Grey images part of whose values are colours: Supplemental Palette (PS3.3 C.7.6.19, C.8.16.2).

Such a frame (perfusion maps over a CT or MR) becomes one of RGB at its default window, because a
window must not touch its colours: values from the palette's first on are colours, those below go
through the grey chain. Its greys cannot be windowed any more.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from server.imaging.attributes import FrameValues
from server.imaging.palette import PaletteError, read_palette
from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.pixels import pipeline

IN_COLOR = frozenset({"COLOR", "MIXED"})
FRAME_TYPES = ("CTImageFrameTypeSequence", "MRImageFrameTypeSequence", "PETFrameTypeSequence")


def has_colors(dataset: Dataset, index: int) -> bool:
    """Tell whether frame `index` of a grey image is to be shown with its supplemental palette."""
    if "RedPaletteColorLookupTableDescriptor" not in dataset:
        return False
    values = FrameValues(dataset, index)
    if values.text("PhotometricInterpretation") == "PALETTE COLOR":
        return False
    stated = [values.text("PixelPresentation", group) for group in FRAME_TYPES]
    return any(presentation in IN_COLOR for presentation in stated)


def in_color(
    stored: NDArray[Any], frame: FrameAttributes, dataset: Dataset
) -> tuple[NDArray[np.uint8], FrameAttributes] | None:
    """Return the RGB of such a frame and its attributes; None when the palette is not whole.

    Raises what `pipeline.display` raises.
    """
    try:
        first, colors = read_palette(dataset)
    except PaletteError:
        return None
    grey = pipeline.display(stored, frame)
    picture = np.repeat(grey[..., np.newaxis], 3, axis=2)
    colored = stored >= first
    places = np.minimum(stored[colored].astype(np.int64) - first, len(colors) - 1)
    picture[colored] = colors[places]
    return picture, dataclasses.replace(
        frame,
        samples_per_pixel=3,
        photometric_interpretation="RGB",
        bits_stored=8,
        signed=False,
        rescale_slope=1.0,
        rescale_intercept=0.0,
        rescale_type="",
        modality_lut=None,
        window_center=(),
        window_width=(),
        window_explanation=(),
        voi_lut_function="LINEAR",
        voi_luts=(),
        presentation_lut_shape="",
        pixel_padding_value=None,
        pixel_padding_range_limit=None,
        smallest_value=0,
        largest_value=255,
    )
