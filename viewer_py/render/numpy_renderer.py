"""The reference renderer: draws the image layers of a scene with numpy alone.

It runs on the server (previews), in tests, and in browsers where WebGL2 is missing or slower. The
words, letters and scale bar of a pane are drawn by others over it. `sampling` states the rule for
what lies between two pixels, `viewer_py.pixels.transfer` that from a stored value to a grey.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.pixels import pipeline
from viewer_py.pixels.transfer import DisplayTransfer, display_transfer, is_padding, shade
from viewer_py.pixels.voi import Window
from viewer_py.render.sampling import Sample, samples
from viewer_py.render.sources import Sources, layers_of
from viewer_py.scene.model import ImageLayer, Rectangle, Scene

Canvas = NDArray[np.uint32]


def _opaque(red: NDArray[Any], green: NDArray[Any], blue: NDArray[Any]) -> Canvas:
    """Return pixels of the canvas: R, G, B, A bytes, seen as one number each."""
    alpha = np.full_like(red, 255)
    return np.stack((red, green, blue, alpha), axis=-1).view(np.uint32)[..., 0]


_LEVELS = np.arange(256, dtype=np.uint8)
GREYS = _opaque(_LEVELS, _LEVELS, _LEVELS)


def render(scene: Scene, sources: Sources) -> NDArray[np.uint8]:
    """Return the picture of a scene, RGBA of shape (height, width, 4), opaque.

    What `sources` does not have yet stays black, as does everything outside an image. Layers keep
    to the area of their pane; later panes draw over earlier ones.
    """
    canvas: Canvas = np.full((scene.height, scene.width), GREYS[0])
    for pane in scene.panes:
        for layer in layers_of(pane):
            if not isinstance(layer, ImageLayer):
                continue
            stored = sources.frame(layer.series_id, layer.frame_index)
            if stored is not None:
                _draw(canvas, layer, stored, _within(pane.area, scene))
    return canvas.view(np.uint8).reshape(scene.height, scene.width, 4)


def render_frame(
    stored: NDArray[Any],
    frame: FrameAttributes,
    window: Window | None = None,
    inverted: bool = False,
) -> NDArray[np.uint8]:
    """Return the picture of one frame, one image pixel a device pixel: `pipeline.display`."""
    return pipeline.display(stored, frame, window, inverted)


def _within(area: Rectangle, scene: Scene) -> Rectangle:
    """Return the part of a pane that lies on the canvas."""
    left, top = max(area.x, 0), max(area.y, 0)
    right = min(area.x + area.width, scene.width)
    bottom = min(area.y + area.height, scene.height)
    return Rectangle(left, top, max(right - left, 0), max(bottom - top, 0))


def _draw(canvas: Canvas, layer: ImageLayer, stored: NDArray[Any], area: Rectangle) -> None:
    if layer.matrix[:4] == (1.0, 0.0, 0.0, 1.0) and _whole(layer.matrix[4:]):
        _copy(canvas, layer, stored, area)
        return
    transfer = display_transfer(layer.frame, layer.window, layer.inverted)
    padding = is_padding(transfer, stored) if transfer.has_padding else None
    if padding is not None and not padding.any():
        padding = None
    for sample in samples(stored, padding, layer.matrix, area):
        _put(canvas, sample, transfer)


def _whole(numbers: Iterable[float]) -> bool:
    return all(float(number).is_integer() for number in numbers)


def _copy(canvas: Canvas, layer: ImageLayer, stored: NDArray[Any], area: Rectangle) -> None:
    """Draw an image whose pixels are device pixels: nothing is to be interpolated."""
    left, top = int(layer.matrix[4]), int(layer.matrix[5])
    x, y = max(left, area.x), max(top, area.y)
    right = min(left + stored.shape[1], area.x + area.width)
    bottom = min(top + stored.shape[0], area.y + area.height)
    if right <= x or bottom <= y:
        return
    seen = stored[y - top : bottom - top, x - left : right - left]
    picture = pipeline.display(seen, layer.frame, layer.window, layer.inverted)
    canvas[y:bottom, x:right] = _canvas_pixels(picture)


def _put(canvas: Canvas, sample: Sample, transfer: DisplayTransfer) -> None:
    picture = shade(transfer, sample.values)
    if sample.padding is not None:
        picture[sample.padding] = transfer.padding_grey
    height, width = picture.shape[:2]
    part = canvas[sample.top : sample.top + height, sample.left : sample.left + width]
    if sample.inside is None:
        part[...] = _canvas_pixels(picture)
    else:
        np.copyto(part, _canvas_pixels(picture), where=sample.inside)


def _canvas_pixels(picture: NDArray[np.uint8]) -> Canvas:
    if picture.ndim == 2:
        return np.take(GREYS, picture)
    return _opaque(picture[..., 0], picture[..., 1], picture[..., 2])
