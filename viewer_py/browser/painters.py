"""The two ways to paint a scene, and the choice between them by a short measurement.

Software GL must never be slower than numpy would be (design §3), so "WebGL 2 exists" decides
nothing: a frame that the GPU paints fast settles it, else both are timed on the first picture.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from viewer_py.render import numpy_renderer
from viewer_py.render.sources import Sources, is_complete
from viewer_py.render.webgl_renderer import WebGLError, WebGLRenderer
from viewer_py.scene.model import Scene

FAST_ENOUGH = 0.012  # seconds; below it a frame is smooth whatever numpy could do
HOPELESS = 0.06  # seconds; above it a second run would not change the choice
AUTO = "auto"
_RUNS = 2


class PainterKind(enum.StrEnum):
    """Which renderer paints."""

    WEBGL = "webgl2"
    NUMPY = "numpy"


class Painter(Protocol):
    """Paints scenes onto a canvas."""

    @property
    def kind(self) -> PainterKind: ...
    def paint(self, scene: Scene, sources: Sources) -> bool: ...
    def clear(self, width: int, height: int) -> None: ...
    def finish(self) -> None: ...


class Canvas(Protocol):
    """A canvas that takes finished pixels, (height, width, 4) RGBA."""

    def resize(self, width: int, height: int) -> None: ...
    def put(self, pixels: NDArray[np.uint8]) -> None: ...


class GpuCanvas(Protocol):
    """A canvas with a WebGL 2 context."""

    def resize(self, width: int, height: int) -> None: ...
    def finish(self) -> None: ...


class NumpyPainter:
    """Paints with numpy and hands the pixels to a 2-D canvas."""

    kind = PainterKind.NUMPY

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._memory = numpy_renderer.Memory()

    def paint(self, scene: Scene, sources: Sources) -> bool:
        """Paint; return whether every image was there."""
        picture = numpy_renderer.render(scene, sources, self._memory)
        self._canvas.resize(scene.width, scene.height)
        self._canvas.put(picture)
        return is_complete(scene, sources)

    def clear(self, width: int, height: int) -> None:
        """Paint black and forget the pixels."""
        self._memory.clear()
        black = np.zeros((height, width, 4), dtype=np.uint8)
        black[..., 3] = 255
        self._canvas.resize(width, height)
        self._canvas.put(black)

    def finish(self) -> None:
        """Nothing is pending: the pixels are handed over at once."""


class WebGLPainter:
    """Paints with WebGL 2."""

    kind = PainterKind.WEBGL

    def __init__(self, canvas: GpuCanvas, renderer: WebGLRenderer) -> None:
        self._canvas = canvas
        self._renderer = renderer

    def paint(self, scene: Scene, sources: Sources) -> bool:
        """Paint; return whether every image was there. Raises WebGLError."""
        self._canvas.resize(scene.width, scene.height)
        return self._renderer.draw(scene, sources)

    def clear(self, width: int, height: int) -> None:
        """Paint black and delete the pixels on the GPU."""
        self._renderer.forget()
        self._canvas.resize(width, height)
        self._renderer.clear(width, height)

    def finish(self) -> None:
        """Wait until the GPU is done."""
        self._canvas.finish()


def _seconds_to_paint(
    painter: Painter, scene: Scene, sources: Sources, now: Callable[[], float]
) -> float:
    """Return the best of a few runs, after one that uploads and warms up."""
    painter.paint(scene, sources)
    painter.finish()
    best = float("inf")
    for _ in range(_RUNS):
        begun = now()
        painter.paint(scene, sources)
        painter.finish()
        best = min(best, now() - begun)
        if not FAST_ENOUGH <= best <= HOPELESS:
            break
    return best


def choose_painter(
    gpu: Painter | None,
    cpu: Painter,
    scene: Scene,
    sources: Sources,
    now: Callable[[], float],
    wish: str = AUTO,
) -> tuple[Painter, dict[str, Any]]:
    """Return the painter to use for `scene`'s kind of work, and the measurement for `state()`.

    `wish` "webgl2" or "numpy" takes that one, if it is there, without measuring.
    """
    if gpu is None or wish == PainterKind.NUMPY:
        return cpu, {}
    if wish == PainterKind.WEBGL:
        return gpu, {}
    try:
        gpu_seconds = _seconds_to_paint(gpu, scene, sources, now)
    except WebGLError as error:
        return cpu, {"webgl2": str(error)}
    measured: dict[str, Any] = {"webgl2_ms": round(gpu_seconds * 1000, 2)}
    if gpu_seconds < FAST_ENOUGH:
        return gpu, measured
    cpu_seconds = _seconds_to_paint(cpu, scene, sources, now)
    measured["numpy_ms"] = round(cpu_seconds * 1000, 2)
    return (gpu if gpu_seconds <= cpu_seconds else cpu), measured
