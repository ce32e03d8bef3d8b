"""Where an image lies in its pane: fit, zoom limits, pan limits, and the matrix of it all."""

from __future__ import annotations

import math
from dataclasses import replace

from viewer_py.dicom.geometry import spacing
from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.view.state import CanvasSize, Viewport

SMALLEST_ZOOM = 0.1
LARGEST_ZOOM = 40.0
_STAYS_IN_SIGHT = 32.0  # CSS pixels of the fitted square that no pan can move off the pane

Matrix = tuple[float, float, float, float, float, float]


def pixel_aspect(frame: FrameAttributes) -> tuple[float, float]:
    """Return the displayed (width, height) of one pixel, the narrower side being 1.

    From the spacing of whatever worth (`dicom.geometry.spacing`); square when none is known.
    """
    known = spacing(frame)
    narrow = min(known.between_rows, known.between_columns)
    return (known.between_columns / narrow, known.between_rows / narrow)


def clamped_zoom(zoom: float) -> float:
    """Return `zoom` inside what is useful and cannot lose the picture."""
    return min(max(zoom, SMALLEST_ZOOM), LARGEST_ZOOM)


def clamped_pan(canvas: CanvasSize, viewport: Viewport) -> Viewport:
    """Return `viewport` with a pan that leaves a part of the picture in sight."""
    fitted = min(canvas.width, canvas.height) * viewport.zoom
    limit_x = max((canvas.width + fitted) / 2 - _STAYS_IN_SIGHT, 0.0)
    limit_y = max((canvas.height + fitted) / 2 - _STAYS_IN_SIGHT, 0.0)
    return replace(
        viewport,
        pan_x=min(max(viewport.pan_x, -limit_x), limit_x),
        pan_y=min(max(viewport.pan_y, -limit_y), limit_y),
    )


def _turned_size(width: float, height: float, rotation: float) -> tuple[float, float]:
    if rotation % 180 == 90:
        return height, width
    return width, height


def scale_of(frame: FrameAttributes, canvas: CanvasSize, viewport: Viewport) -> float:
    """Return device pixels per unit of `pixel_aspect` (per image pixel when pixels are square)."""
    aspect_x, aspect_y = pixel_aspect(frame)
    width, height = _turned_size(frame.columns * aspect_x, frame.rows * aspect_y, viewport.rotation)
    fit = min(canvas.width / width, canvas.height / height)
    return fit * viewport.zoom * canvas.pixel_ratio


def image_matrix(frame: FrameAttributes, canvas: CanvasSize, viewport: Viewport) -> Matrix:
    """Return (a, b, c, d, e, f) from image coordinates to device pixels (scene.ImageLayer).

    The centre of the image lies on the centre of the canvas plus the pan; flips apply before the
    rotation, which is clockwise.
    """
    scale = scale_of(frame, canvas, viewport)
    aspect_x, aspect_y = pixel_aspect(frame)
    across = scale * aspect_x * (-1.0 if viewport.flip_horizontal else 1.0)
    down = scale * aspect_y * (-1.0 if viewport.flip_vertical else 1.0)
    cosine, sine = turn(viewport.rotation)
    a, b = cosine * across, sine * across
    c, d = -sine * down, cosine * down
    center_x = (canvas.width / 2 + viewport.pan_x) * canvas.pixel_ratio
    center_y = (canvas.height / 2 + viewport.pan_y) * canvas.pixel_ratio
    half_columns, half_rows = frame.columns / 2, frame.rows / 2
    return (
        a,
        b,
        c,
        d,
        center_x - a * half_columns - c * half_rows,
        center_y - b * half_columns - d * half_rows,
    )


def turn(rotation: float) -> tuple[float, float]:
    """Return (cosine, sine) of a rotation in degrees, exact for quarter turns."""
    if rotation % 90 == 0:  # exact, so that a quarter turn keeps pixels on pixels
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(rotation // 90) % 4]
    radians = math.radians(rotation)
    return math.cos(radians), math.sin(radians)
