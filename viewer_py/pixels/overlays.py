"""Overlay planes as a mask over the image, and their drawing (PS3.3 C.9.2).

Graphics replace the picture with white, as in DCMTK. Of a region of interest only the outline is
drawn, so that what it encloses stays visible. The standard leaves both to the viewer.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.overlays import OverlayPlane

REGION = "R"


def mask(planes: Iterable[OverlayPlane], rows: int, columns: int) -> NDArray[np.bool_]:
    """Return which pixels of an image of rows × columns are drawn over, all planes together."""
    drawn = np.zeros((rows, columns), dtype=np.bool_)
    for plane in planes:
        bitmap = _bitmap(plane)
        if plane.kind == REGION:
            bitmap = _outline(bitmap)
        top, left = max(plane.origin_row, 0), max(plane.origin_column, 0)
        bottom = min(plane.origin_row + plane.rows, rows)
        right = min(plane.origin_column + plane.columns, columns)
        if top < bottom and left < right:
            part = bitmap[
                top - plane.origin_row : bottom - plane.origin_row,
                left - plane.origin_column : right - plane.origin_column,
            ]
            drawn[top:bottom, left:right] |= part
    return drawn


def burn(picture: NDArray[np.uint8], drawn: NDArray[np.bool_], inverted: bool) -> None:
    """Draw the mask into a picture, (rows, columns) or (rows, columns, 3), in place.

    White, or black in a picture that the reader has inverted, so that inverting turns each pixel.
    """
    picture[drawn] = 0 if inverted else 255


def _bitmap(plane: OverlayPlane) -> NDArray[np.bool_]:
    """Return the plane as (rows, columns); pixels whose bits lack are not set."""
    count = plane.rows * plane.columns
    bits = np.unpackbits(np.frombuffer(plane.bits, np.uint8), bitorder="little")[:count]
    whole = np.pad(bits, (0, count - len(bits)))
    return whole.reshape(plane.rows, plane.columns).astype(np.bool_)


def _outline(bitmap: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of a region that have a neighbour, of four, outside it."""
    padded = np.pad(bitmap, 1)
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return bitmap & ~inside
