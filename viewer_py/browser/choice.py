"""Which painter paints: decided for each kind of picture by a short measurement, then remembered.

Software GL must never be slower than numpy would be (design §3), so "WebGL 2 exists" decides
nothing. What a scene asks for (frames, planes, slabs, curves, renderings) is its kind; the first
scene of a kind is timed, coarsely at first, with both painters. One painter paints a whole scene:
where its panes would need different ones, the sum of all decides, since the scene was timed whole.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from viewer_py.browser.painters import Painter, PainterKind
from viewer_py.render.sources import Sources, is_complete, layers_of
from viewer_py.render.webgl_renderer import WebGLError
from viewer_py.scene.model import CurveLayer, ImageLayer, Layer, PlaneLayer, RenderingLayer, Scene
from viewer_py.volume.model import SampleGrid

AUTO = "auto"
FAST_ENOUGH = 0.012  # seconds; below it a frame is smooth whatever numpy could do
HOPELESS = 1.0  # seconds; what would take longer is not measured in full
COARSE = 0.25  # samples a device pixel along each axis of the first measurement
SOFTWARE = 4  # times as slow as numpy at frames: no GPU is, and volumes are worse for software
_RUNS = 2


class Operation(enum.StrEnum):
    """What a layer asks of a painter."""

    STACK = "stack"
    PLANE = "plane"
    SLAB = "slab"
    CURVE = "curve"
    RENDERING = "rendering"


Kind = frozenset[Operation]
STACK: Kind = frozenset({Operation.STACK})


def operation_of(layer: Layer) -> Operation:
    """Return what drawing a layer takes."""
    if isinstance(layer, ImageLayer):
        return Operation.STACK
    if isinstance(layer, RenderingLayer):
        return Operation.RENDERING
    if isinstance(layer, CurveLayer):
        return Operation.CURVE
    return Operation.SLAB if layer.slab.thickness_mm > 0 else Operation.PLANE


def kind_of(scene: Scene) -> Kind:
    """Return what a scene asks for."""
    return frozenset(operation_of(layer) for pane in scene.panes for layer in layers_of(pane))


def name_of(kind: Kind) -> str:
    """Return a kind in words, for `state()`."""
    return "+".join(operation for operation in Operation if operation in kind) or "nothing"


@dataclass(frozen=True)
class _Timing:
    """Seconds that the painters need for a scene; infinite where it was not found out."""

    gpu: float
    cpu: float = float("inf")


class PainterChoice:
    """The painters, and what was found out about them."""

    def __init__(
        self, gpu: Painter | None, cpu: Painter, now: Callable[[], float], wish: str = AUTO
    ) -> None:
        """`wish` "webgl2" or "numpy" takes that one, if it is there, without measuring."""
        self._gpu, self._cpu, self._now, self._wish = gpu, cpu, now, wish
        self._chosen: dict[Kind, Painter] = {}
        self._is_software = False
        self.measured: dict[str, dict[str, Any]] = {}

    @property
    def is_slow(self) -> bool:
        """Tell whether the GPU lost the measurement of frames: it is software."""
        return self._chosen.get(STACK) is self._cpu and self._gpu is not None

    def would_measure(self, scene: Scene) -> bool:
        """Tell whether both painters are there and nothing says yet which of them is faster."""
        return self._gpu is not None and self._wish == AUTO and kind_of(scene) not in self._chosen

    def painter_for(self, scene: Scene, sources: Sources) -> Painter:
        """Return the painter of a scene; a kind that is not known yet is measured first.

        Nothing is measured, and numpy paints, while pixels of a new kind are missing.
        """
        if self._gpu is None or self._wish == PainterKind.NUMPY:
            return self._cpu
        kind = kind_of(scene)
        if kind in self._chosen:
            return self._chosen[kind]
        if self._wish == PainterKind.WEBGL:
            return self._gpu
        if not kind or not is_complete(scene, sources):
            return self._cpu
        if self._is_software:
            self._chosen[kind] = self._cpu  # a volume need not be copied to be sure of it
        else:
            self._chosen[kind] = self._measure(self._gpu, kind, scene, sources)
        return self._chosen[kind]

    def refused(self, scene: Scene, words: str) -> Painter:
        """Take note that the GPU cannot paint scenes of this kind; return who paints them."""
        self._chosen[kind_of(scene)] = self._cpu
        self.measured.setdefault(name_of(kind_of(scene)), {})["webgl2"] = words
        return self._cpu

    def _numpy_instead(self, gpu: Painter, scene: Scene) -> Painter:
        """Leave a kind to numpy, and no volume on a GPU that does not draw it."""
        if kind_of(scene) != STACK:
            gpu.clear(scene.width, scene.height)
        return self._cpu

    def gpu_lost(self) -> Painter:
        """Take note that the GPU is gone; return who paints from now on."""
        self._gpu = None
        return self._cpu

    def _measure(self, gpu: Painter, kind: Kind, scene: Scene, sources: Sources) -> Painter:
        try:
            timing = self._timing(gpu, scene, sources)
        except WebGLError as error:
            return self.refused(scene, str(error))
        figures = {"webgl2_ms": timing.gpu, "numpy_ms": timing.cpu}
        self.measured[name_of(kind)] = {
            name: round(seconds * 1000, 2)
            for name, seconds in figures.items()
            if seconds != float("inf")
        }
        if timing.gpu <= timing.cpu:
            return gpu
        self._is_software |= kind == STACK and timing.gpu > SOFTWARE * max(timing.cpu, FAST_ENOUGH)
        return self._numpy_instead(gpu, scene)

    def _timing(self, gpu: Painter, scene: Scene, sources: Sources) -> _Timing:
        seconds = self._seconds(gpu, scene, sources)
        if seconds < FAST_ENOUGH:
            return _Timing(seconds)
        return _Timing(seconds, self._seconds(self._cpu, scene, sources))

    def _seconds(self, painter: Painter, scene: Scene, sources: Sources) -> float:
        """Return how long a painter takes for the scene, by a coarse picture if that is long."""
        coarse = coarsened(scene)
        seconds = self._best(painter, coarse, sources, warm=True)
        if coarse == scene:
            return seconds
        seconds /= COARSE * COARSE
        return seconds if seconds > HOPELESS else self._best(painter, scene, sources, warm=False)

    def _best(self, painter: Painter, scene: Scene, sources: Sources, *, warm: bool) -> float:
        """Return the best of a few pictures that differ a little, so that none is remembered."""
        if warm:  # the first uploads and compiles
            painter.paint(scene, sources)
            painter.finish()
        best = float("inf")
        for run in range(1, _RUNS + 1):
            picture = moved(scene, run)
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
