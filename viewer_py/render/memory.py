"""What one picture of the numpy renderer leaves for the next, and what need not be drawn again."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from viewer_py.render.sampling import Sample
from viewer_py.render.sources import Sources, layers_of
from viewer_py.scene.model import (
    ImageLayer,
    Layer,
    PaneScene,
    PlaneLayer,
    Rectangle,
    RenderingLayer,
)
from viewer_py.volume.model import Volume
from viewer_py.volume.occupancy import BlockRanges

Canvas = NDArray[np.uint32]


@dataclass(frozen=True)
class Shown:
    """All that the picture of a pane depends on: `pixels` holds the state of each layer's."""

    area: Rectangle
    layers: tuple[Layer, ...]
    pixels: tuple[object, ...]


@dataclass
class Memory:
    """What one picture leaves for the next: itself, values already read, what speeds up rendering.

    A pane that shows the same as before is not drawn again; a window step only colours what lies
    there. It holds one canvas, and one entry a layer of a pane.
    """

    canvas: Canvas | None = None
    shown: tuple[Shown, ...] = ()
    read: dict[tuple[int, int], tuple[object, list[Sample]]] = field(default_factory=dict)
    ranges: dict[str, tuple[object, BlockRanges]] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget everything."""
        self.canvas, self.shown = None, ()
        self.read.clear()
        self.ranges.clear()


def moved(before: Sequence[Shown], now: Sequence[Shown]) -> bool:
    """Say whether panes lie elsewhere than before, or upon each other."""
    areas = [one.area for one in now]
    return [one.area for one in before] != areas or any(
        _overlap(one, other) for one, other in itertools.combinations(areas, 2)
    )


def serves(before: Shown, now: Shown) -> bool:
    """Say whether a pane shows what it should: the same, in no less detail."""
    if len(before.layers) != len(now.layers):
        return False
    pairs = zip(now.layers, before.layers, strict=True)
    return before == replace(now, layers=tuple(_as_fine(one, other) for one, other in pairs))


def _as_fine(layer: Layer, other: Layer) -> Layer:
    """Return a layer in as much detail as another one has, if that has more."""
    if isinstance(layer, PlaneLayer | RenderingLayer) and layer.detail < _detail(other):
        return replace(layer, detail=_detail(other))
    return layer


def _detail(layer: Layer) -> float:
    return layer.detail if isinstance(layer, PlaneLayer | RenderingLayer) else 0.0


def shown_by(pane: PaneScene, sources: Sources) -> Shown:
    """Return all that the picture of a pane depends on."""
    layers = tuple(layers_of(pane))
    return Shown(pane.area, layers, tuple(_pixels_of(layer, sources) for layer in layers))


def _pixels_of(layer: Layer, sources: Sources) -> object:
    """Return what changes with the pixels that a layer has: None while they are not there."""
    if not isinstance(layer, ImageLayer):
        return state_of(sources.volume(layer.series_id))
    stored = sources.frame(layer.series_id, layer.frame_index)
    return None if stored is None else (stored.ctypes.data, stored.shape, stored.dtype)


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def without_look(layer: Layer) -> Layer:
    """Return what the values of a layer depend on."""
    if isinstance(layer, RenderingLayer):
        return layer
    if isinstance(layer, PlaneLayer):
        return replace(layer, window=None, inverted=False, color_map="", opacity=1.0)
    return replace(layer, window=None, inverted=False, color_map="")


def state_of(volume: Volume | None) -> object:
    """Return what changes with the values of a volume."""
    if volume is None:
        return None
    there = int(np.count_nonzero(volume.present))
    values = volume.values
    # Another stack of the same series may come to lie in the same place.
    return (volume.generation, there, values.ctypes.data, values.shape, volume.geometry.frames)
