"""How long a painter needs for a scene, found out with little of it and without copying volumes.

Nobody knows beforehand how slow a GPU is that is software, and nothing can stop it once it has
begun. So the first pictures are coarse, of volumes that were made small.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from viewer_py.browser.painters import Painter
from viewer_py.browser.volume_store import reduction_for
from viewer_py.render.sources import Sources
from viewer_py.scene.model import CurveLayer, ImageLayer, Layer, PlaneLayer, RenderingLayer, Scene
from viewer_py.volume.assemble import reduced_geometry
from viewer_py.volume.model import SampleGrid, Volume

FAST_ENOUGH = 0.012  # seconds; below it a frame is smooth whatever numpy could do
HOPELESS = 1.0  # seconds; what would take longer is not measured in full
COARSE = 0.25  # samples a device pixel along each axis of the first measurement
SMALL = 2 << 20  # bytes of a volume that a GPU is tried with
_RUNS = 2


@dataclass(frozen=True)
class Small:
    """Sources whose volumes fill the same place with few voxels."""

    whole: Sources

    def frame(self, series_id: str, frame_index: int) -> NDArray[Any] | None:
        """Return stored values of a frame."""
        return self.whole.frame(series_id, frame_index)

    def volume(self, series_id: str) -> Volume | None:
        """Return a volume of no more than SMALL bytes."""
        volume = self.whole.volume(series_id)
        return None if volume is None else small(volume)


def small(volume: Volume) -> Volume:
    """Return some of a volume's voxels, spread over all of it."""
    reduction = reduction_for(volume.geometry, volume.values.itemsize, SMALL)
    if reduction is None or reduction == (1, 1, 1):
        return volume
    through, down, across = reduction
    geometry = reduced_geometry(volume.geometry, reduction)
    values = volume.values[::through, ::down, ::across][:, : geometry.rows, : geometry.columns]
    return replace(
        volume,
        geometry=geometry,
        values=values.copy(),
        present=volume.present[::through].copy(),
    )


class Trial:
    """Paints a scene, a little moved each time, and looks at the clock."""

    def __init__(self, scene: Scene, sources: Sources, now: Callable[[], float]) -> None:
        self._scene, self._coarse = scene, coarsened(scene)
        self._sources, self._now = sources, now
        self._moved = 0

    def at_least(self, painter: Painter) -> float:
        """Return seconds that the scene takes at least: coarse, of small volumes.

        What is done once, compiling for example, is not counted. Raises WebGLError.
        """
        sources = Small(self._sources)
        self._warm(painter, sources)
        return self._best(painter, self._coarse, sources)

    def seconds(self, painter: Painter) -> float:
        """Return seconds that the scene takes, by a coarse picture if that is long.

        Raises WebGLError.
        """
        self._warm(painter, self._sources)
        coarse = self._best(painter, self._coarse, self._sources)
        if self._coarse == self._scene:
            return coarse
        full = coarse / (COARSE * COARSE)
        return full if full > HOPELESS else self._best(painter, self._scene, self._sources)

    def _warm(self, painter: Painter, sources: Sources) -> None:
        """Let a painter do what it does once only."""
        painter.paint(self._another(self._coarse), sources)
        painter.finish()

    def _another(self, scene: Scene) -> Scene:
        """Return a picture that was not painted before, so that none is remembered."""
        self._moved += 1
        return moved(scene, self._moved)

    def _best(self, painter: Painter, scene: Scene, sources: Sources) -> float:
        """Return the best of a few pictures."""
        best = float("inf")
        for _ in range(_RUNS):
            picture = self._another(scene)
            begun = self._now()
            painter.paint(picture, sources)
            painter.finish()
            best = min(best, self._now() - begun)
            if not FAST_ENOUGH <= best <= HOPELESS / 10:
                break
        return best


def coarsened(scene: Scene) -> Scene:
    """Return the scene as it would be drawn while it moves, on a slow device."""
    return _changed(scene, _coarse_layer)


def _coarse_layer(layer: Layer) -> Layer:
    if isinstance(layer, PlaneLayer | RenderingLayer):
        return replace(layer, detail=min(layer.detail, COARSE))
    return layer


def moved(scene: Scene, steps: int) -> Scene:
    """Return the scene moved by so many device pixels."""
    return _changed(scene, lambda layer: _moved_layer(layer, steps))


def _moved_layer(layer: Layer, steps: int) -> Layer:
    if isinstance(layer, ImageLayer | CurveLayer):
        a, b, c, d, e, f = layer.matrix
        return replace(layer, matrix=(a, b, c, d, e + steps, f))
    return replace(layer, grid=_moved_grid(layer.grid, steps))


def _moved_grid(grid: SampleGrid, steps: int) -> SampleGrid:
    x, y, z = (start + steps * step for start, step in zip(grid.origin, grid.step_x, strict=True))
    return replace(grid, origin=(x, y, z))


def _changed(scene: Scene, change: Callable[[Layer], Layer]) -> Scene:
    panes = tuple(
        replace(
            pane,
            image=None if pane.image is None else change(pane.image),
            overlays=tuple(change(layer) for layer in pane.overlays),
        )
        for pane in scene.panes
    )
    return replace(scene, panes=panes)
