"""The two ways to paint a scene."""

from __future__ import annotations

import enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from viewer_py.render import numpy_renderer
from viewer_py.render.sources import Sources, is_complete
from viewer_py.render.webgl_renderer import WebGLRenderer
from viewer_py.scene.model import Rectangle, Scene


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
    """A canvas that takes the finished pixels of an area of a picture, (height, width, 4) RGBA.

    `resize` tells whether what was put there before is gone.
    """

    def resize(self, width: int, height: int) -> bool: ...
    def put(self, pixels: NDArray[np.uint8], area: Rectangle) -> None: ...


class GpuCanvas(Protocol):
    """A canvas with a WebGL 2 context."""

    def resize(self, width: int, height: int) -> None: ...
    def finish(self) -> None: ...


class NumpyPainter:
    """Paints with numpy and hands the pixels of the panes that changed to a 2-D canvas."""

    kind = PainterKind.NUMPY

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._memory = numpy_renderer.Memory()

    def paint(self, scene: Scene, sources: Sources) -> bool:
        """Paint; return whether every image was there."""
        if self._canvas.resize(scene.width, scene.height):
            self._memory.canvas = None
        picture, changed = numpy_renderer.repaint(scene, sources, self._memory)
        for area in changed:
            self._canvas.put(picture, area)
        return is_complete(scene, sources)

    def clear(self, width: int, height: int) -> None:
        """Paint black and forget the pixels."""
        self._memory.clear()
        black = np.zeros((height, width, 4), dtype=np.uint8)
        black[..., 3] = 255
        self._canvas.resize(width, height)
        self._canvas.put(black, Rectangle(0, 0, width, height))

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
