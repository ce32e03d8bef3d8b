"""Which painter paints: decided for each kind of picture by a short measurement, then remembered.

Software GL must never be slower than numpy would be (design §3), so "WebGL 2 exists" decides
nothing. What a scene asks for (frames, planes, slabs, curves, renderings) is its kind; numpy paints
a kind until both painters were timed with a scene of it. One painter paints a whole scene: where
its panes would need different ones, the sum of all decides, since the scene was timed whole.

The GPU is not touched before it is timed, and given back once it has turned out to be software.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from viewer_py.browser.painters import Painter, PainterKind
from viewer_py.browser.trial import FAST_ENOUGH, Trial
from viewer_py.render.sources import Sources, is_complete, layers_of
from viewer_py.render.webgl_renderer import WebGLError
from viewer_py.scene.model import CurveLayer, ImageLayer, Layer, RenderingLayer, Scene

AUTO = "auto"
SOFTWARE = 2  # times as slow as numpy: no GPU is


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


class PainterChoice:
    """The painters, and what was found out about them."""

    def __init__(
        self, gpu: Painter | None, cpu: Painter, now: Callable[[], float], wish: str = AUTO
    ) -> None:
        """`wish` "webgl2" or "numpy" takes that one, if it is there, without measuring."""
        self._gpu, self._cpu, self._now, self._wish = gpu, cpu, now, wish
        self._chosen: dict[Kind, Painter] = {}
        self.is_slow = False  # the GPU turned out to be software
        self.measured: dict[str, dict[str, Any]] = {}

    def painter_for(self, scene: Scene) -> Painter:
        """Return the painter of a scene: numpy, while nothing says which is faster."""
        if self._gpu is None or self._wish == PainterKind.NUMPY:
            return self._cpu
        unknown = self._gpu if self._wish == PainterKind.WEBGL else self._cpu
        return self._chosen.get(kind_of(scene), unknown)

    def is_open(self, scene: Scene, sources: Sources) -> bool:
        """Tell whether both painters could paint the scene and nobody knows which is faster."""
        if self._gpu is None or self._wish != AUTO:
            return False
        kind = kind_of(scene)
        return bool(kind) and kind not in self._chosen and is_complete(scene, sources)

    def compare(self, scene: Scene, sources: Sources) -> None:
        """Find out who paints scenes of this kind; both canvases show something else then."""
        if self._gpu is None:
            return
        kind = kind_of(scene)
        try:
            gpu, cpu = self._times(self._gpu, Trial(scene, sources, self._now))
        except WebGLError as error:
            self.refused(scene, str(error))
            return
        figures = {"webgl2_ms": gpu, "numpy_ms": cpu}
        self.measured[name_of(kind)] = {
            name: round(seconds * 1000, 2) for name, seconds in figures.items()
        }
        self._chosen[kind] = self._gpu if gpu <= max(cpu, FAST_ENOUGH) else self._cpu
        self.is_slow |= gpu > SOFTWARE * max(cpu, FAST_ENOUGH)
        self._give_back(scene)

    def _times(self, gpu: Painter, trial: Trial) -> tuple[float, float]:
        """Return the seconds of both; no volume goes to a GPU that is too slow for a part of it."""
        cpu = trial.seconds(self._cpu)
        least = trial.at_least(gpu)
        return (least if least > max(cpu, FAST_ENOUGH) else trial.seconds(gpu)), cpu

    def _give_back(self, scene: Scene) -> None:
        """Let the GPU go where it is of no use, and its memory where it is of none for this."""
        if self._gpu is None:
            return
        if self.is_slow:
            self._gpu.release()
            self._gpu = None
        elif self._chosen[kind_of(scene)] is self._cpu:
            self._gpu.clear(1, 1)

    def refused(self, scene: Scene, words: str) -> Painter:
        """Take note that the GPU cannot paint scenes of this kind; return who paints them."""
        self._chosen[kind_of(scene)] = self._cpu
        self.measured.setdefault(name_of(kind_of(scene)), {})["webgl2"] = words
        return self._cpu

    def gpu_lost(self) -> None:
        """Take note that the GPU is gone: numpy paints from now on."""
        self._gpu = None
