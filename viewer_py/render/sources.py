"""Where renderers get their pixels from, and which layers of a scene can be drawn with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from viewer_py.scene.model import ImageLayer, Layer, PaneScene, Scene
from viewer_py.volume.model import Volume


class Sources(Protocol):
    """The pixels that are there now; None stands for what has not arrived."""

    def frame(self, series_id: str, frame_index: int) -> NDArray[Any] | None:
        """Return stored values, (rows, columns) or (rows, columns, 3)."""
        ...

    def volume(self, series_id: str) -> Volume | None:
        """Return the volume of a series, with as many of its slices as are there."""
        ...


@dataclass(frozen=True)
class FrameSources:
    """Sources without volumes: `pixels(series_id, frame_index)` gives the frames."""

    pixels: Callable[[str, int], NDArray[Any] | None]

    def frame(self, series_id: str, frame_index: int) -> NDArray[Any] | None:
        """Return stored values of a frame."""
        return self.pixels(series_id, frame_index)

    def volume(self, series_id: str) -> Volume | None:  # noqa: ARG002 - what Sources asks for
        """Return None: there are no volumes."""
        return None


def layers_of(pane: PaneScene) -> Iterator[Layer]:
    """Yield the layers of a pane from the lowest to the highest."""
    if pane.image is not None:
        yield pane.image
        yield from pane.overlays


def is_there(layer: Layer, sources: Sources) -> bool:
    """Say whether a layer can be drawn with what has arrived."""
    if isinstance(layer, ImageLayer):
        return sources.frame(layer.series_id, layer.frame_index) is not None
    return sources.volume(layer.series_id) is not None


def is_complete(scene: Scene, sources: Sources) -> bool:
    """Say whether every layer of the scene can be drawn."""
    return all(is_there(layer, sources) for pane in scene.panes for layer in layers_of(pane))
