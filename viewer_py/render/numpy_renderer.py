"""The reference renderer: draws the layers of a scene with numpy alone.

It runs on the server (previews), in tests, and in browsers where WebGL2 is missing or slower. The
words, letters, lines and scale bar of a pane are drawn by others over it. `sampling` states the
rule for what lies between two pixels, `viewer_py.pixels.transfer` that from a value to a grey,
`viewer_py.volume` what a plane, a curve and a rendering show.

The lowest layer of a pane is opaque, and black where it has no data. A layer above it shows
nothing where it has none, and elsewhere lies over what is below with its opacity.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from viewer_py.pixels import pipeline
from viewer_py.pixels.color_maps import colors_of
from viewer_py.pixels.transfer import shade
from viewer_py.render.memory import (
    Canvas,
    Memory,
    moved,
    serves,
    shown_by,
    state_of,
    without_look,
)
from viewer_py.render.pictures import Look, Picture, look_of, picture_of
from viewer_py.render.sampling import CHUNK, Sample, samples
from viewer_py.render.sources import Sources, layers_of
from viewer_py.scene.model import (
    ImageLayer,
    Layer,
    PaneScene,
    Rectangle,
    RenderingLayer,
    Scene,
)
from viewer_py.volume.model import Volume
from viewer_py.volume.occupancy import BlockRanges, block_ranges


def _opaque(red: NDArray[Any], green: NDArray[Any], blue: NDArray[Any]) -> Canvas:
    """Return pixels of the canvas: R, G, B, A bytes, seen as one number each."""
    alpha = np.full_like(red, 255)
    return np.stack((red, green, blue, alpha), axis=-1).view(np.uint32)[..., 0]


_LEVELS = np.arange(256, dtype=np.uint8)
GREYS = _opaque(_LEVELS, _LEVELS, _LEVELS)
# From a grey to the next, seen as numbers: reckoning is four times as fast as looking up.
_ONE_LEVEL = GREYS[1] - GREYS[0]


def render(scene: Scene, sources: Sources, memory: Memory | None = None) -> NDArray[np.uint8]:
    """Return the picture of a scene, RGBA of shape (height, width, 4), opaque.

    What `sources` does not have yet stays black, as does everything outside an image. Layers keep
    to the area of their pane; later panes draw over earlier ones. `memory` is what an earlier call
    left; then the picture lies in it, and the next call changes it. Raises ValueError where a layer
    cannot be drawn.
    """
    return repaint(scene, sources, Memory() if memory is None else memory)[0]


def repaint(
    scene: Scene, sources: Sources, memory: Memory
) -> tuple[NDArray[np.uint8], tuple[Rectangle, ...]]:
    """Return the picture of a scene as `render` does, and the areas that were drawn anew.

    A pane is drawn when its area, its layers, the frames or the volumes they show are not those of
    the call before; all are when the canvas or an area has changed, or where panes overlap. What
    was drawn in more detail than is wanted now stays as it is.
    """
    shown = tuple(shown_by(pane, sources) for pane in scene.panes)
    areas = tuple(_within(pane.area, scene) for pane in scene.panes)
    before, canvas = memory.shown, memory.canvas
    memory.shown = ()  # until everything is drawn, in case something cannot be
    if canvas is None or canvas.shape != (scene.height, scene.width) or moved(before, shown):
        canvas = memory.canvas = np.full((scene.height, scene.width), GREYS[0])
        changed = set(range(len(shown)))
        drawn: tuple[Rectangle, ...] = (Rectangle(0, 0, scene.width, scene.height),)
    else:
        changed = {n for n, one in enumerate(shown) if not serves(before[n], one)}
        drawn = tuple(areas[n] for n in sorted(changed))
    for number in sorted(changed):
        _draw_pane(canvas, scene.panes[number], areas[number], number, sources, memory)
    memory.shown = tuple(one if n in changed else before[n] for n, one in enumerate(shown))
    return canvas.view(np.uint8).reshape(scene.height, scene.width, 4), drawn


def _draw_pane(
    canvas: Canvas,
    pane: PaneScene,
    area: Rectangle,
    number: int,
    sources: Sources,
    memory: Memory,
) -> None:
    canvas[area.y : area.y + area.height, area.x : area.x + area.width] = GREYS[0]
    for height, layer in enumerate(layers_of(pane)):
        place = _Place(canvas, pane.area, area, height > 0)
        _draw(place, layer, sources, memory, (number, height))


def _within(area: Rectangle, scene: Scene) -> Rectangle:
    """Return the part of a pane that lies on the canvas."""
    left, top = max(area.x, 0), max(area.y, 0)
    right = min(area.x + area.width, scene.width)
    bottom = min(area.y + area.height, scene.height)
    return Rectangle(left, top, max(right - left, 0), max(bottom - top, 0))


@dataclass(frozen=True)
class _Place:
    """Where a layer is drawn: `area` is what the canvas has of its `pane`.

    `above` says that another layer lies below.
    """

    canvas: Canvas
    pane: Rectangle
    area: Rectangle
    above: bool


def _draw(
    place: _Place, layer: Layer, sources: Sources, memory: Memory, key: tuple[int, int]
) -> None:
    if _is_plain(layer) and not place.above:
        stored = sources.frame(layer.series_id, layer.frame_index)
        if stored is not None:
            _copy(place.canvas, layer, stored, place.area)
        return
    volume = None if isinstance(layer, ImageLayer) else sources.volume(layer.series_id)
    depends = (without_look(layer), state_of(volume), place.pane, place.area)
    known = memory.read.get(key)
    if known is not None and known[0] == depends:
        read = known[1]
    else:
        picture = picture_of(layer, sources, place.pane, _ranges(layer, volume, memory))
        if picture is None:
            return
        read = _read(picture, place.area)
        memory.read[key] = (depends, read)
    look = look_of(layer, sources)
    for sample in read:
        _put(place, sample, look)


def _is_plain(layer: Layer) -> TypeGuard[ImageLayer]:
    """Say whether the pixels of a frame are device pixels: nothing is to be interpolated."""
    return (
        isinstance(layer, ImageLayer)
        and not layer.filter
        and not layer.color_map
        and layer.matrix[:4] == (1.0, 0.0, 0.0, 1.0)
        and _whole(layer.matrix[4:])
    )


def _whole(numbers: Iterable[float]) -> bool:
    return all(float(number).is_integer() for number in numbers)


def _ranges(layer: Layer, volume: Volume | None, memory: Memory) -> BlockRanges | None:
    if volume is None or not isinstance(layer, RenderingLayer):
        return None
    state = state_of(volume)
    known = memory.ranges.get(layer.series_id)
    if known is None or known[0] != state:
        known = (state, block_ranges(volume))
        memory.ranges[layer.series_id] = known
    return known[1]


def _read(picture: Picture, area: Rectangle) -> list[Sample]:
    """Return the picture as the device pixels of `area` see it."""
    a, b, c, d, e, f = picture.matrix
    if (a, b, c, d) == (1.0, 0.0, 0.0, 1.0) and _whole((e, f)):
        return _cropped(picture, int(e), int(f), area)
    return list(samples(picture.values, picture.padding, picture.matrix, area))


def _cropped(picture: Picture, left: int, top: int, area: Rectangle) -> list[Sample]:
    rows, columns = picture.values.shape[:2]
    x, y = max(left, area.x), max(top, area.y)
    right, bottom = min(left + columns, area.x + area.width), min(top + rows, area.y + area.height)
    if right <= x or bottom <= y:
        return []
    across, step = slice(x - left, right - left), max(CHUNK // (right - x), 1)
    blocks = []
    for start in range(y, bottom, step):
        down = slice(start - top, min(start + step, bottom) - top)
        values = picture.values[down, across].astype(np.float32)
        padding = None if picture.padding is None else picture.padding[down, across]
        if padding is not None and not padding.any():
            padding = None
        blocks.append(Sample(start, x, values, None, padding))
    return blocks


def _copy(canvas: Canvas, layer: ImageLayer, stored: NDArray[Any], area: Rectangle) -> None:
    """Draw an image whose pixels are device pixels."""
    left, top = int(layer.matrix[4]), int(layer.matrix[5])
    x, y = max(left, area.x), max(top, area.y)
    right = min(left + stored.shape[1], area.x + area.width)
    bottom = min(top + stored.shape[0], area.y + area.height)
    if right <= x or bottom <= y:
        return
    seen = stored[y - top : bottom - top, x - left : right - left]
    picture = pipeline.display(seen, layer.frame, layer.window, layer.inverted)
    canvas[y:bottom, x:right] = _canvas_pixels(picture, "")


def _put(place: _Place, sample: Sample, look: Look) -> None:
    picture = shade(look.transfer, sample.values)
    if sample.padding is not None:
        picture[sample.padding] = look.transfer.padding_grey
    height, width = picture.shape[:2]
    part = place.canvas[sample.top : sample.top + height, sample.left : sample.left + width]
    pixels = _canvas_pixels(picture, look.color_map)
    if place.above:
        _lay_over(part, pixels, _shown(sample), look.opacity)
    elif sample.inside is None:
        part[...] = pixels
    else:
        np.copyto(part, pixels, where=sample.inside)


def _shown(sample: Sample) -> NDArray[np.bool_] | None:
    """Return where a layer above another has data; None: everywhere."""
    if sample.padding is None:
        return sample.inside
    return ~sample.padding if sample.inside is None else sample.inside & ~sample.padding


def _lay_over(
    below: Canvas, above: Canvas, shown: NDArray[np.bool_] | None, opacity: float
) -> None:
    """Mix two pictures, rounded to the nearest level."""
    if opacity < 1.0:
        lower = np.ascontiguousarray(below).view(np.uint8).astype(np.float32)
        upper = above.view(np.uint8).astype(np.float32)
        upper -= lower
        upper *= np.float32(max(opacity, 0.0))
        upper += lower
        upper += np.float32(0.5)
        above = upper.astype(np.uint8).view(np.uint32)
    if shown is None:
        below[...] = above
    else:
        np.copyto(below, above, where=shown)


def _canvas_pixels(picture: NDArray[np.uint8], color_map: str) -> Canvas:
    if picture.ndim == 3:
        return _opaque(picture[..., 0], picture[..., 1], picture[..., 2])
    if not color_map:
        pixels: Canvas = np.multiply(picture, _ONE_LEVEL, dtype=np.uint32)
        pixels += GREYS[0]
        return pixels
    colors = colors_of(color_map)
    return np.take(_opaque(colors[:, 0], colors[:, 1], colors[:, 2]), picture)
