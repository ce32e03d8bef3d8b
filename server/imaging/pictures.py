"""The JPG and PNG pictures of a frame (B-03, B-04, B-44).

The rule of the format, for the picture of full matrix: JPG at quality 90 without chroma
subsampling, unless it would hurt. PNG, which loses nothing, is taken

* for bitmaps and palette images, whose flat areas and sharp edges JPG smears;
* for pictures of at most 64 pixels a side, where bytes do not matter;
* where the JPG, decoded again, is further from the picture than `LEAST_PSNR`;
* where the JPG is larger than the PNG would be (drawings, empty frames).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
from PIL import Image

from viewer_py.dicom.geometry import spacing
from viewer_py.dicom.manifest import FrameAttributes

Pixels = np.ndarray[Any, np.dtype[np.uint8]]

JPG, PNG = "image/jpeg", "image/png"
FULL_QUALITY = 90
FAST_QUALITY = 60
FAST_SIDE = 768
THUMBNAIL_QUALITY = 80
THUMBNAIL_SIDE = 160
SMALL_SIDE = 64
LEAST_PSNR = 36.0  # dB over the 255 greys
# A JPG above this share of the raw bytes may be larger than the PNG.
SUSPICIOUS_SHARE = 0.35
PNG_LEVEL = 1
BAND_ROWS = 256
SAME_ASPECT = 0.01
MOST_STRETCH = 8.0


@dataclass(frozen=True)
class Picture:
    """An encoded picture."""

    media_type: str
    data: bytes
    width: int
    height: int


def full_picture(display: Pixels, frame: FrameAttributes, *, flat: bool) -> Picture:
    """Return the picture of full matrix; `flat` is a bitmap or palette image.

    `display` is the frame at its default window, (rows, columns) or (rows, columns, 3). Pixels that
    are not square are made so by enlarging, so that no row or column is lost.
    """
    square = square_pixels(display, frame)
    if flat or max(square.shape[:2]) <= SMALL_SIDE:
        return png(square)
    data = _jpg(square, FULL_QUALITY, "444")
    if psnr(square, np.asarray(imagecodecs.jpeg8_decode(data))) < LEAST_PSNR:
        return png(square)
    if len(data) > SUSPICIOUS_SHARE * square.size:
        lossless = png(square)
        if len(lossless.data) <= len(data):
            return lossless
    return Picture(JPG, data, square.shape[1], square.shape[0])


def fast_picture(display: Pixels, frame: FrameAttributes, full: Picture) -> Picture:
    """Return the picture of 极速 mode: at most 768 pixels a side and far fewer bytes (B-44)."""
    small = _shrunk(square_pixels(display, frame), FAST_SIDE)
    fast = Picture(JPG, _jpg(small, FAST_QUALITY, "420"), small.shape[1], small.shape[0])
    return fast if len(fast.data) < len(full.data) else full


def thumbnail(display: Pixels, frame: FrameAttributes) -> Picture:
    """Return the thumbnail of a series, at most 160 pixels a side (B-11)."""
    small = _shrunk(square_pixels(display, frame), THUMBNAIL_SIDE)
    return Picture(JPG, _jpg(small, THUMBNAIL_QUALITY, "420"), small.shape[1], small.shape[0])


def png(display: Pixels) -> Picture:
    """Return a lossless picture, compressed little because speed counts."""
    data = bytes(imagecodecs.png_encode(np.ascontiguousarray(display), level=PNG_LEVEL))
    return Picture(PNG, data, display.shape[1], display.shape[0])


def square_pixels(display: Pixels, frame: FrameAttributes) -> Pixels:
    """Return the picture with square pixels, by the frame's spacing or aspect ratio."""
    distance = spacing(frame)
    ratio = distance.between_rows / distance.between_columns
    if abs(ratio - 1.0) < SAME_ASPECT or not 1 / MOST_STRETCH <= ratio <= MOST_STRETCH:
        return display
    rows, columns = display.shape[:2]
    if ratio > 1.0:
        return _resized(display, columns, round(rows * ratio))
    return _resized(display, round(columns / ratio), rows)


def psnr(one: Pixels, other: Pixels) -> float:
    """Return the peak signal-to-noise ratio of two pictures in dB; infinite when equal."""
    squares = 0.0
    for top in range(0, one.shape[0], BAND_ROWS):  # a large picture as floats would fill a memory
        band = slice(top, top + BAND_ROWS)
        difference = one[band].astype(np.float32) - other[band].astype(np.float32)
        squares += float(np.vdot(difference, difference))
    return 10 * math.log10(255.0**2 * one.size / squares) if squares else math.inf


def _jpg(pixels: Pixels, quality: int, subsampling: str) -> bytes:
    contiguous = np.ascontiguousarray(pixels)
    return bytes(imagecodecs.jpeg8_encode(contiguous, level=quality, subsampling=subsampling))


def _shrunk(pixels: Pixels, side: int) -> Pixels:
    rows, columns = pixels.shape[:2]
    scale = side / max(rows, columns)
    if scale >= 1.0:
        return pixels
    return _resized(pixels, max(1, round(columns * scale)), max(1, round(rows * scale)))


def _resized(pixels: Pixels, width: int, height: int) -> Pixels:
    image = Image.fromarray(pixels).resize(
        (width, height), Image.Resampling.BILINEAR, reducing_gap=2.0
    )
    return np.asarray(image)
