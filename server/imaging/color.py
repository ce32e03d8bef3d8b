"""Colours that pydicom leaves as they are: YBR_PARTIAL_422, palettes, ICC profiles."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray
from PIL import Image, ImageCms
from pydicom import Dataset

from server.imaging.attributes import sequence_item, value

log = structlog.get_logger()

# PS3.3 C.7.6.3.1.2: Y of 16…235, CB and CR of 16…240, to RGB of 0…255.
_PARTIAL_TO_RGB = np.linalg.inv(
    np.array([[0.2568, 0.5041, 0.0979], [-0.1482, -0.2910, 0.4392], [0.4392, -0.3678, -0.0714]])
)
_PARTIAL_OFFSET = np.array([16.0, 128.0, 128.0])


def rgb_of_partial_422(data: bytes, rows: int, columns: int) -> NDArray[np.uint8]:
    """Return RGB (rows, columns, 3) of YBR_PARTIAL_422 as it lies in a native frame.

    Two pixels share a CB and a CR: Y1 Y2 CB CR. Raises ValueError when bytes lack.
    """
    quads = np.frombuffer(data, np.uint8, rows * columns * 2).reshape(-1, 4)
    ybr = np.empty((rows * columns, 3), np.float64)
    ybr[:, 0] = quads[:, :2].reshape(-1)
    ybr[:, 1:] = np.repeat(quads[:, 2:], 2, axis=0)
    rgb = (ybr - _PARTIAL_OFFSET) @ _PARTIAL_TO_RGB.T
    whole: NDArray[np.uint8] = np.clip(np.round(rgb), 0, 255).astype(np.uint8)
    return whole.reshape(rows, columns, 3)


def icc_profile(dataset: Dataset) -> bytes | None:
    """Return the object's ICC profile, that of its (first) optical path included, if it has one."""
    for holder in (dataset, sequence_item(dataset, "OpticalPathSequence", 0)):
        found = None if holder is None else value(holder, "ICCProfile")
        if isinstance(found, bytes) and found:
            return found
    return None


def to_srgb(pixels: NDArray[Any], profile: bytes) -> NDArray[np.uint8]:
    """Return RGB pixels of 8 bits brought from their profile to sRGB (PS3.3 C.11.15).

    Relative colorimetric with black point compensation, by LittleCMS. A profile that cannot be
    read, or is not one of RGB, changes nothing: the colours stay as uncertain as they were.
    """
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            "RGB",
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        image = ImageCms.applyTransform(Image.fromarray(pixels), transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        log.warning("icc_profile_unusable", error=type(error).__name__)
        return pixels
    return pixels if image is None else np.asarray(image)
