"""Draws the magnifier: the reference renderer, from no more of an image than the lens shows."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer_py.render import numpy_renderer
from viewer_py.render.sampling import inverse
from viewer_py.render.sources import Sources
from viewer_py.scene.model import ImageLayer, Layer, PaneScene, Scene
from viewer_py.volume.model import Volume

_MARGIN = 8  # image pixels beside what is seen, which filters and interpolation look at

Part = tuple[int, int, int, int]  # first row, last row + 1, first column, last column + 1


class _Parts:
    """Sources of which frames are cut out."""

    def __init__(self, sources: Sources, parts: dict[tuple[str, int], Part]) -> None:
        self._sources, self._parts = sources, parts

    def frame(self, series_id: str, frame_index: int) -> NDArray[Any] | None:
        stored = self._sources.frame(series_id, frame_index)
        if stored is None:
            return None
        top, bottom, left, right = self._parts[series_id, frame_index]
        return stored[top:bottom, left:right]

    def volume(self, series_id: str) -> Volume | None:
        return self._sources.volume(series_id)


def render_lens(scene: Scene, sources: Sources) -> NDArray[np.uint8]:
    """Return the picture of a lens's scene, (height, width, 4) RGBA, as `numpy_renderer` draws it.

    A radiograph has forty times the pixels that the lens shows: only those are read. Raises what
    `numpy_renderer.render` raises.
    """
    parts: dict[tuple[str, int], Part] = {}
    panes = tuple(_cut(pane, scene, sources, parts) for pane in scene.panes)
    return numpy_renderer.render(replace(scene, panes=panes), _Parts(sources, parts))


def _cut(
    pane: PaneScene, scene: Scene, sources: Sources, parts: dict[tuple[str, int], Part]
) -> PaneScene:
    def part_of(layer: Layer) -> Layer:
        return _part(layer, scene, sources, parts) if isinstance(layer, ImageLayer) else layer

    image = None if pane.image is None else part_of(pane.image)
    return replace(pane, image=image, overlays=tuple(part_of(layer) for layer in pane.overlays))


def _part(
    layer: ImageLayer, scene: Scene, sources: Sources, parts: dict[tuple[str, int], Part]
) -> ImageLayer:
    """Return the layer of the part of its frame that the scene shows, and note which that is."""
    key = (layer.series_id, layer.frame_index)
    stored = sources.frame(*key)
    to_image = inverse(layer.matrix)
    if stored is None or to_image is None:
        parts[key] = (0, 0, 0, 0)
        return layer
    a, b, c, d, e, f = to_image
    corners = [(x, y) for x in (0, scene.width) for y in (0, scene.height)]
    left, right = _span([a * x + c * y + e for x, y in corners], stored.shape[1])
    top, bottom = _span([b * x + d * y + f for x, y in corners], stored.shape[0])
    parts[key] = (top, bottom, left, right)
    a, b, c, d, e, f = layer.matrix
    matrix = (a, b, c, d, e + a * left + c * top, f + b * left + d * top)
    return replace(layer, matrix=matrix)


def _span(places: list[float], size: int) -> tuple[int, int]:
    first = min(max(math.floor(min(places)) - _MARGIN, 0), size)
    return first, min(max(math.ceil(max(places)) + _MARGIN, first), size)
